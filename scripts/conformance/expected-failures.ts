// The reviewed list of scenarios that may fail, each with its reason. An entry that does not fail any more fails the run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

const FILE = join(import.meta.dirname, '../../test/conformance/expected-failures.json');

const schema = z.array(
  z.strictObject({
    leg: z.string(),
    revision: z.string(),
    scenario: z.string(),
    /** Why it fails, and what lets somebody delete this entry. */
    reason: z.string().min(20),
  }),
);

export type ExpectedFailures = z.output<typeof schema>;

/** @throws {Error} if the file is not what it should be, with every fault */
export function loadExpectedFailures(file = FILE): ExpectedFailures {
  const parsed = schema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
