// Gives the answers of oidc-provider the dialect's form where the library has no setting for it: refusals of the token
// endpoint, and `iss` in authorization responses.

import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Dialect } from './dialect.ts';

type Middleware = (context: KoaContextWithOIDC, next: () => Promise<unknown>) => Promise<void>;

export function speakDialect(dialect: Dialect): Middleware {
  return async (context, next) => {
    await next();
    // `oidc` is there only when one of the provider's routes matched.
    if (!('oidc' in context)) return;
    const { route } = context.oidc;
    if (route === 'token') {
      const refusal = dialect.refusal(errorOf(context.body));
      if (!refusal) return;
      context.body = refusal.body ?? context.body;
      context.status = refusal.status;
    }
    if (dialect.answersWithIssuer || (route !== 'authorization' && route !== 'resume')) return;
    const location = context.response.get('location');
    if (!URL.canParse(location)) return;
    const target = new URL(location);
    if (!target.searchParams.has('code') && !target.searchParams.has('error')) return;
    target.searchParams.delete('iss');
    context.set('location', target.href);
  };
}

function errorOf(body: unknown): string {
  return body !== null && typeof body === 'object' && 'error' in body && typeof body.error === 'string'
    ? body.error
    : '';
}
