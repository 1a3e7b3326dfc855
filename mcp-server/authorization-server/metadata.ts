// Corrects what oidc-provider says about this server in its metadata (RFC 8414): it lists response modes that no client
// here may use, and has no setting for it.

import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Dialect } from './dialect.ts';

type Middleware = (context: KoaContextWithOIDC, next: () => Promise<unknown>) => Promise<void>;

/** Leaves out of the metadata the response modes that are off for every client, and lets the dialect have its say. */
export function correctMetadata(dialect: Dialect): Middleware {
  return async (context, next) => {
    await next();
    // `oidc` is there only when one of the provider's routes matched.
    if (!('oidc' in context) || context.oidc.route !== 'discovery' || !isRecord(context.body)) return;
    context.body = dialect.describe({ ...context.body, response_modes_supported: ['query'] });
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === 'object' && !Buffer.isBuffer(value);
}
