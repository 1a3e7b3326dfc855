// The process: arguments and environment → one sub-command, or a running server and its orderly stop. The only user of process.exit in this half.

import { administer } from './administer.ts';
import { loadEnvironment, parseConfig } from './config.ts';
import { EXIT_CODES, ServerError } from './errors.ts';
import { createLog } from './log.ts';
import { startServer } from './server.ts';

async function main(): Promise<void> {
  const config = parseConfig(loadEnvironment());
  const args = process.argv.slice(2);
  if (args.length > 0) {
    const { stdin: input, stdout: output, stderr: prompt } = process;
    const log = createLog({ level: 'error' });
    return administer(args, { config, log, input, output, prompt });
  }
  const metrics = config.metricsPort === undefined ? undefined : (await import('./metrics.ts')).createMetrics();
  const log = createLog({ level: config.logLevel, observer: metrics?.observe });
  const server = await startServer(config, log, metrics);
  const stop = (reason: string) => {
    log.info('stopping', { reason });
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(error),
    );
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  // Started by `npm start`: the channel tells the parent that we listen, and us that the parent is gone.
  process.once('disconnect', () => stop('disconnect'));
  process.send?.('ready');
}

function fail(error: unknown): never {
  const text =
    error instanceof ServerError
      ? error.message
      : error instanceof Error
        ? (error.stack ?? error.message)
        : String(error);
  process.stderr.write(`${text}\n`);
  process.exit(error instanceof ServerError ? EXIT_CODES[error.code] : 1);
}

main().catch(fail);
