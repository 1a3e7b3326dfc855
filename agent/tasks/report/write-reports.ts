// Puts the reports of a run into its directory.

import { readFileSync } from 'node:fs';
import { appendFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { diskReason } from '../run/disk-fault.ts';
import { shellWord } from '../run/shell-word.ts';
import { toJunit } from './junit.ts';
import { toPage } from './page.ts';
import type { RunReport } from './run-report.ts';
import { toSummary } from './summary.ts';

export interface WriteReportsOptions {
  readonly directory: string;
  /** A file that the summary is appended to as well: the page of a CI run. */
  readonly summaryFile: string | undefined;
  /** Takes secrets out of what is written. */
  readonly scrub: (text: string) => string;
  /** Hears of a file that cannot be written: the run is over all the same, with its own exit code. */
  readonly onNotice: (text: string) => void;
}

/**
 * Writes report.json, junit.xml, summary.md and report.html; each is there whole or not at all.
 *
 * @returns whether the page is there
 */
export async function writeReports(
  report: RunReport,
  { directory, summaryFile, scrub, onNotice }: WriteReportsOptions,
): Promise<{ readonly hasPage: boolean }> {
  const summary = scrub(toSummary(report));
  const readTranscript = (name: string) => readIfPresent(join(directory, name));
  const write = async (name: string, text: string): Promise<boolean> => {
    try {
      await replace(join(directory, name), text);
      return true;
    } catch (error) {
      const reason = diskReason(error);
      if (reason === undefined) throw error;
      onNotice(
        `${name} in ${directory} cannot be written: ${reason}. All results are kept. Write it when there is room: --resume ${shellWord(directory)}`,
      );
      return false;
    }
  };
  const [hasPage, hasSummary] = await Promise.all([
    write('report.html', scrub(toPage(report, { readTranscript }))),
    write('summary.md', summary),
    write('report.json', scrub(`${JSON.stringify(report, null, 2)}\n`)),
    write('junit.xml', scrub(toJunit(report, { hostname: hostname() }))),
  ]);
  const instead = hasSummary ? `; it is in ${directory}/summary.md` : '';
  if (summaryFile !== undefined)
    await appendFile(summaryFile, `${summary}\n`).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error)) throw error;
      onNotice(`The summary could not be added to ${summaryFile} (${String(error.code)})${instead}.`);
    });
  return { hasPage };
}

async function replace(file: string, text: string): Promise<void> {
  try {
    await writeFile(`${file}.new`, text, { mode: 0o600 });
    await rename(`${file}.new`, file);
  } catch (error) {
    await rm(`${file}.new`, { force: true });
    throw error;
  }
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
