// Puts the reports of a run into its directory.

import { readFileSync } from 'node:fs';
import { appendFile, rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
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
  /** Hears that the file for the summary cannot be written: the run is over all the same, with its own exit code. */
  readonly onNotice: (text: string) => void;
}

/** Writes report.json, junit.xml, summary.md and report.html; each is there whole or not at all. */
export async function writeReports(
  report: RunReport,
  { directory, summaryFile, scrub, onNotice }: WriteReportsOptions,
): Promise<void> {
  const summary = scrub(toSummary(report));
  const readTranscript = (name: string) => readIfPresent(join(directory, name));
  await Promise.all([
    replace(join(directory, 'report.json'), scrub(`${JSON.stringify(report, null, 2)}\n`)),
    replace(join(directory, 'junit.xml'), scrub(toJunit(report, { hostname: hostname() }))),
    replace(join(directory, 'summary.md'), summary),
    replace(join(directory, 'report.html'), scrub(toPage(report, { readTranscript }))),
  ]);
  if (summaryFile === undefined) return;
  try {
    await appendFile(summaryFile, `${summary}\n`);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    onNotice(
      `The summary could not be added to ${summaryFile} (${String(error.code)}); it is in ${directory}/summary.md.`,
    );
  }
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
