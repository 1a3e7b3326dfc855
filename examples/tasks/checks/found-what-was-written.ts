// The way out where expectations do not reach: a function over the finished run. Gives true, or says what is wrong; a
// failing assertion says it as well.

import type { FinishedRun } from '../../../agent/tasks/run/finished-run.ts';

/** The id that the first call made has to be in what the second one found. */
export default function check(run: FinishedRun): true | string {
  const [created, found] = run.calls;
  const id = /\(id ([^,]+),/.exec(created?.text ?? '')?.[1];
  if (id === undefined) return `create_note named no id: ${created?.text ?? 'it was not called'}`;
  return found?.text.includes(id) === true || `the search did not find the note ${id}`;
}
