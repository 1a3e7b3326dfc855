// Takes secrets out of what is written to disk: the values of key variables as they are set here, and whatever has the
// shape of a credential. What is left reads the same on a machine with other keys.

import type { Environment } from './provider.ts';

/** Text in, the same text without secrets out. */
export type Scrub = (text: string) => string;

/** Stands where a secret was. */
export const SCRUBBED = '[secret]';

const SECRET_NAME = /(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(?:_|$)/i;
/** A shorter value is no secret, and replacing it everywhere would garble the text. */
const MIN_SECRET_LENGTH = 8;

/** Keys of the known vendors, bearer headers, JSON web tokens, private keys. */
const SHAPES: readonly RegExp[] = [
  /\b(?:sk|pk|rk|gsk|xai|ghp|gho|ghs|glpat|xox[abp])[-_][\w-]{16,}/g,
  /\bAIza[\w-]{30,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bBearer\s+[\w.~+/-]{8,}=*/gi,
  // With bounds: a text made for it would keep an open one searching for hours.
  /\beyJ[\w-]{8,2048}\.[\w-]{8,}\.[\w-]*/g,
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]{0,16384}?-----END [A-Z ]{0,40}PRIVATE KEY-----/g,
];

/** Creates the function that takes out the secrets of this environment. Works on plain text and on JSON text. */
export function createScrub(environment: Environment): Scrub {
  const values = Object.entries(environment)
    .flatMap(([name, value]) => (SECRET_NAME.test(name) && value ? [value, JSON.stringify(value).slice(1, -1)] : []))
    .filter((value) => value.length >= MIN_SECRET_LENGTH)
    // The longer first: one secret may begin with another.
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const withoutValues = values.reduce((left, value) => left.replaceAll(value, SCRUBBED), text);
    return SHAPES.reduce((left, shape) => left.replace(shape, SCRUBBED), withoutValues);
  };
}
