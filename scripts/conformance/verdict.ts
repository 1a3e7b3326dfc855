// What a run of the suite means: which scenarios count, which failures are known, and what is printed about it.

import type { ExpectedFailures } from './expected-failures.ts';

export interface ScenarioResult {
  readonly name: string;
  /** Why it does not count, in the suite's word; `undefined` when it does. */
  readonly notScored: string | undefined;
  readonly passed: number;
  readonly faults: readonly string[];
}

export interface RevisionRun {
  readonly revision: string;
  readonly scenarios: readonly ScenarioResult[];
}

export interface Verdict {
  readonly ok: boolean;
  /** One line. */
  readonly summary: string;
  readonly heading: string;
  readonly rows: readonly string[];
  readonly complaints: readonly string[];
}

/** How many scenarios the pinned suite scores; fewer means that it stopped half-way, more that the pin has moved. */
const SCORED: Readonly<Record<string, number>> = {
  'server 2025-11-25': 30,
  'server 2026-07-28': 37,
  'client 2025-11-25': 18,
  'client 2026-07-28': 32,
  'authorization 2026-07-28': 2,
};

/** Extensions that we have; a scenario of them that is not there is as bad as one that fails. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  client: [
    'auth/client-credentials-basic',
    'auth/client-credentials-jwt',
    'auth/dpop',
    'auth/dpop-nonce',
    'auth/enterprise-managed-authorization',
    'auth/wif-jwt-bearer',
  ],
};

/** Other extensions are optional by definition and left out; everything else that ran has to pass or be expected to fail. */
export function judge(leg: string, { revision, scenarios }: RevisionRun, expected: ExpectedFailures): Verdict {
  const heading = `${leg} ${revision}`;
  const ours = EXTENSIONS[leg] ?? [];
  const counted = scenarios.filter(({ name, notScored }) => notScored !== 'extension' || ours.includes(name));
  const scored = counted.filter(({ notScored }) => notScored === undefined);
  const unscored = counted.filter(({ notScored }) => notScored !== undefined);
  const known = new Set(
    expected.filter((entry) => entry.leg === leg && entry.revision === revision).map(({ scenario }) => scenario),
  );
  const passing = (among: readonly ScenarioResult[]) => among.filter(({ faults }) => faults.length === 0).length;
  const total = SCORED[heading] ?? scored.length;

  const complaints = [
    ...counted
      .filter(({ name, faults }) => faults.length > 0 && !known.has(name))
      .flatMap(({ name, faults }) => faults.map((fault) => `${name} fails: ${fault}`)),
    ...ours.filter((name) => !counted.some((scenario) => scenario.name === name)).map((name) => `${name} did not run`),
    ...[...known]
      .filter((name) => !counted.some((scenario) => scenario.name === name && scenario.faults.length > 0))
      .map((name) => `${name} is expected to fail and does not: delete its entry`),
    ...(scored.length === total ? [] : [`${scored.length} scored scenarios ran, expected ${total}`]),
  ];
  const checks = counted.reduce((sum, { passed }) => sum + passed, 0);
  const state = complaints.length === 0 ? 'as expected' : 'NOT as expected';
  return {
    ok: complaints.length === 0,
    heading,
    rows: [...scored, ...unscored].map((scenario) => row(scenario, known)),
    complaints,
    summary: `${heading}  ${passing(scored)}/${total} scored, ${passing(unscored)}/${unscored.length} not scored, ${checks} checks passed: ${state}`,
  };
}

export function renderVerdict({ heading, rows, complaints }: Verdict): string {
  return `${[heading, ...rows, ...complaints.map((complaint) => `  ! ${complaint}`)].join('\n')}\n\n`;
}

function row({ name, notScored, passed, faults }: ScenarioResult, known: ReadonlySet<string>): string {
  const mark = faults.length === 0 ? '✓' : known.has(name) ? '~' : '✗';
  const checks = `${passed} of ${passed + faults.length}`;
  return `  ${mark} ${name.padEnd(50)} ${checks.padEnd(10)}${notScored === undefined ? '' : ` not scored: ${notScored}`}`.trimEnd();
}
