// The result of `ask` where its command line could not be read: whoever asked for JSON gets it then too. Light, since main.ts
// needs it before anything of `ask` is loaded.

import { AgentError } from '../errors.ts';
import { createAskOutput, failureResult, OUTPUT_FORMATS, type OutputFormat, type Write } from './ask-output.ts';

/**
 * Tells of a fault of the command line in the form that the command line asks for; nothing where that is text, or the command
 * another one.
 *
 * @param message what the parser has told people already
 */
export async function tellUsageFault(argv: readonly string[], message: string, stdout: Write): Promise<void> {
  const format = formatIn(argv);
  if (argv[0] !== 'ask' || format === 'text') return;
  const output = createAskOutput({ format, isQuiet: true, isTerminal: false, stdout, stderr: async () => undefined });
  const failure = new AgentError('usage', message.replace(/^error: /, ''));
  await output.event({ type: 'error', code: failure.code, message: failure.message });
  await output.result(failureResult(failure, 0));
}

/** The last one counts, as it does for the parser. */
function formatIn(argv: readonly string[]): OutputFormat {
  const end = argv.indexOf('--');
  const words = end < 0 ? argv : argv.slice(0, end);
  const named = words.flatMap((word, index) => {
    if (word === '--output') return words[index + 1] ?? [];
    return word.startsWith('--output=') ? word.slice('--output='.length) : [];
  });
  return OUTPUT_FORMATS.find((format) => format === named.at(-1)) ?? 'text';
}
