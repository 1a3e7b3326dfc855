// What a vendor's wire format is to a double: where requests go, what is refused about them, and how an answer is
// streamed. Each vendor's file states its facts; the order of the checks is the same for all and stands here.

import type { IncomingHttpHeaders } from 'node:http';
import type * as z from 'zod';
import type { Environment, ModelSelection } from '../../agent/models/provider.ts';
import { createPublishedCheck, type PublishedSchema } from './published-schema.ts';

/** The key that every double expects; a double without keys expects none. */
export const KEY = 'test-key-0123456789abcdef';

export interface ReceivedRequest {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export interface Refusal {
  readonly status: number;
  readonly message: string;
}

export interface CallReply {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What the model says, in no vendor's words: thoughts and text word by word, or tool calls. */
export interface Reply {
  /** Not streamed by a format without reasoning. */
  readonly reasoning?: string;
  readonly text?: string;
  readonly calls?: readonly CallReply[];
}

/** What a vendor signs thoughts with, which has to come back with them. */
export const SIGNATURE = 'c2lnbmVkLWJ5LXRoZS1kb3VibGU=';

/** Tokens that every answer reports. */
export const USAGE = { input: 11, output: 7 } as const;

export interface WireFormat {
  /** As in test titles. */
  readonly id: string;
  readonly selection: ModelSelection;
  readonly contentType: string;
  /** Whether the vendor shows what its models think; and if so, what of it has to come back, as it was. */
  readonly reasoning: 'none' | 'plain' | { readonly comesBackAs: string };
  /** The vendor's own origin, where the API cannot be had elsewhere; calls of it are led to the double. */
  readonly officialOrigin?: string;
  /** The variables that point the agent at a double. */
  environment(origin: string): Environment;
  /** What the vendor would refuse about a request; `undefined` if nothing. */
  check(request: ReceivedRequest): Refusal | undefined;
  /** What of a body does not fit the schema that the vendor publishes; `undefined` where there is none. */
  readonly checkPublished: ((body: unknown) => string | undefined) | undefined;
  /** The body of an error. */
  error(status: number, message: string): unknown;
  /** Headers and body by which the vendor asks to come back later. */
  retryLater?(seconds: number): { readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  /** A streamed answer in pieces, each an event of its own. `turn` makes ids differ. */
  stream(reply: Reply, turn: number): readonly (string | Uint8Array)[];
}

export interface FormatParts<Body> extends Omit<WireFormat, 'check' | 'checkPublished'> {
  readonly path: string;
  /** The header that carries the key, and what it says; `undefined` where there are no keys. */
  readonly key:
    | { readonly header: string; readonly value: string; readonly status: number; readonly complaint?: string }
    | undefined;
  /** Further headers that must be there. */
  readonly headers?: Readonly<Record<string, RegExp>>;
  readonly schema: z.ZodType<Body>;
  /** The vendor's own description of the body; `undefined` where it publishes none. */
  readonly published: PublishedSchema | undefined;
  /** Status of a body that does not fit the schema. */
  readonly schemaStatus?: number;
  /** What the schema cannot say: each gives the vendor's complaint or nothing. */
  readonly rules: readonly ((body: Body) => string | undefined)[];
}

/** Puts the checks in the order in which a vendor makes them: route, key, headers, fields, meaning. */
export function createFormat<Body>(parts: FormatParts<Body>): WireFormat {
  const { path, key, headers = {}, schema, published, schemaStatus = 400, rules, ...rest } = parts;
  const checkPublished = published && createPublishedCheck(published);
  return {
    ...rest,
    checkPublished,
    check: (request) => {
      if (request.path !== path) return { status: 404, message: `Unknown path ${request.path}, expected ${path}` };
      if (request.method !== 'POST') return { status: 405, message: `Method ${request.method} not allowed` };
      if (key && request.headers[key.header] !== key.value)
        return { status: key.status, message: key.complaint ?? `Missing or wrong key in ${key.header}` };
      for (const [name, expected] of Object.entries({ 'content-type': /^application\/json/, ...headers }))
        if (!expected.test(String(request.headers[name]))) return { status: 400, message: `Wrong header ${name}` };
      const parsed = schema.safeParse(request.body);
      if (!parsed.success) return { status: schemaStatus, message: describeIssues(parsed.error) };
      const misfit = checkPublished?.(request.body);
      if (misfit !== undefined) return { status: schemaStatus, message: `${published?.name}.json: ${misfit}` };
      for (const rule of rules) {
        const complaint = rule(parsed.data);
        if (complaint !== undefined) return { status: 400, message: complaint };
      }
      return undefined;
    },
  };
}

/** One server-sent event. */
export function event(data: unknown, name?: string): string {
  const text = typeof data === 'string' ? data : JSON.stringify(data);
  return `${name === undefined ? '' : `event: ${name}\n`}data: ${text}\n\n`;
}

/** A text in the pieces in which it is streamed. */
export function wordsOf(text: string): string[] {
  return text.match(/\s*\S+/g) ?? [];
}

/** A JSON text in two pieces, cut where no client may expect it. */
export function halvesOf(args: unknown): [string, string] {
  const text = JSON.stringify(args);
  return [text.slice(0, 4), text.slice(4)];
}

function describeIssues({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
