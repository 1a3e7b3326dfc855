// `npm run conformance -- LEG…`: the official conformance suite, pinned in package.json, against what is here. Prints a
// table per specification revision; exit code 0 if all is as expected, 1 if not, 2 if a leg is not there.

import { runAuthorizationLeg } from './conformance/authorization-leg.ts';
import { runClientLeg } from './conformance/client-leg.ts';
import { loadExpectedFailures } from './conformance/expected-failures.ts';
import { runServerLeg } from './conformance/server-leg.ts';
import { judge, type RevisionRun, renderVerdict } from './conformance/verdict.ts';

/** What the suite can be pointed at. A new leg is one more line. */
const LEGS: Readonly<Record<string, () => Promise<readonly RevisionRun[]>>> = {
  server: runServerLeg,
  client: runClientLeg,
  authorization: runAuthorizationLeg,
};

async function main(args: readonly string[]): Promise<number> {
  const names = args.length === 0 ? Object.keys(LEGS) : args;
  const missing = names.find((name) => !Object.hasOwn(LEGS, name));
  if (missing !== undefined) {
    const known = Object.keys(LEGS).join(', ');
    process.stderr.write(`${JSON.stringify(missing.slice(0, 40))} is not a leg of the suite. There is: ${known}\n`);
    return 2;
  }
  const expected = loadExpectedFailures();
  const verdicts = [];
  for (const name of names) for (const run of (await LEGS[name]?.()) ?? []) verdicts.push(judge(name, run, expected));
  for (const verdict of verdicts) process.stdout.write(renderVerdict(verdict));
  for (const { summary } of verdicts) process.stdout.write(`${summary}\n`);
  return verdicts.every(({ ok }) => ok) ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
