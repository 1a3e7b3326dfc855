// What came of one expectation.

export type FindingOutcome = 'passed' | 'failed' | 'skipped' | 'error';

export interface Finding {
  /** Which expectation: `answer.contains`, `tools`, `check`. */
  readonly name: string;
  readonly outcome: FindingOutcome;
  /** What was expected, what happened, what is nearest; empty when it passed. May have several lines. */
  readonly message: string;
}

export const passed = (name: string): Finding => ({ name, outcome: 'passed', message: '' });
export const failed = (name: string, message: string): Finding => ({ name, outcome: 'failed', message });
export const skipped = (name: string, message: string): Finding => ({ name, outcome: 'skipped', message });

/** What a whole attempt came to: it passed only if everything was judged and held. */
export function outcomeOf(findings: readonly Finding[]): FindingOutcome {
  for (const outcome of ['error', 'failed', 'skipped'] as const)
    if (findings.some((finding) => finding.outcome === outcome)) return outcome;
  return 'passed';
}
