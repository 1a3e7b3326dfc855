// Numbers about runs that were repeated. Pure.

/**
 * The chance that at least one of `k` attempts passes, estimated from `passes` of `attempts` without bias.
 *
 * @see Chen et al. 2021, "Evaluating Large Language Models Trained on Code", §2.1
 */
export function passAtK(attempts: number, passes: number, k: number): number {
  return 1 - shareOfChoices(attempts - passes, attempts, k);
}

/** The chance that all of `k` attempts pass: pass^k. */
export function passHatK(attempts: number, passes: number, k: number): number {
  return shareOfChoices(passes, attempts, k);
}

/** C(some, k) / C(all, k), without the large numbers. */
function shareOfChoices(some: number, all: number, k: number): number {
  let share = 1;
  for (let index = 0; index < k; index += 1) share *= Math.max(0, some - index) / (all - index);
  return share;
}

/** The value that the given share of values is at most; `undefined` for no values. */
export function percentile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * share) - 1)];
}

/** Normal quantile of a two-sided 95 % interval. */
const Z = 1.959963984540054;

export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * 95 % interval of a share; good for few attempts and for shares near 0 and 1.
 *
 * @see Wilson 1927
 */
export function wilson(passes: number, attempts: number): Interval {
  if (attempts === 0) return { low: 0, high: 1 };
  const share = passes / attempts;
  const centre = share + (Z * Z) / (2 * attempts);
  const spread = Z * Math.sqrt((share * (1 - share)) / attempts + (Z * Z) / (4 * attempts * attempts));
  const scale = 1 + (Z * Z) / attempts;
  return { low: Math.max(0, (centre - spread) / scale), high: Math.min(1, (centre + spread) / scale) };
}

/**
 * 95 % interval of the difference of two shares, second minus first.
 *
 * @see Newcombe 1998, method 10
 */
export function newcombe(
  first: { readonly passes: number; readonly attempts: number },
  second: { readonly passes: number; readonly attempts: number },
): Interval {
  if (first.attempts === 0 || second.attempts === 0) return { low: -1, high: 1 };
  const a = first.passes / first.attempts;
  const b = second.passes / second.attempts;
  const ofA = wilson(first.passes, first.attempts);
  const ofB = wilson(second.passes, second.attempts);
  return {
    low: b - a - Math.hypot(b - ofB.low, ofA.high - a),
    high: b - a + Math.hypot(ofB.high - b, a - ofA.low),
  };
}

/**
 * How likely a difference at least as unlikely as this one is, if both shares are the same: Fisher's exact test, two-sided.
 */
export function fisherExact(
  first: { readonly passes: number; readonly attempts: number },
  second: { readonly passes: number; readonly attempts: number },
): number {
  const passes = first.passes + second.passes;
  const all = first.attempts + second.attempts;
  const logProbability = (x: number) =>
    logChoose(first.attempts, x) + logChoose(second.attempts, passes - x) - logChoose(all, passes);
  const observed = logProbability(first.passes);
  let sum = 0;
  for (let x = Math.max(0, passes - second.attempts); x <= Math.min(passes, first.attempts); x += 1) {
    const probability = logProbability(x);
    if (probability <= observed + 1e-9) sum += Math.exp(probability);
  }
  return Math.min(1, sum);
}

function logChoose(n: number, k: number): number {
  let sum = 0;
  for (let index = 1; index <= k; index += 1) sum += Math.log(n - k + index) - Math.log(index);
  return sum;
}
