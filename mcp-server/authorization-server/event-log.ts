// What oidc-provider says happened → lines of our log. Names, reasons and client ids; never a token, code or secret.

import type { EventEmitter } from 'node:events';
import type { errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { Log, LogFields } from '../log.ts';

/** Writes the provider's events to `log`, tells `onUse` of each grant that gave a token, and keeps Koa from writing its own to the console. */
export function logProviderEvents(provider: Provider, log: Log, onUse: (grantId: string) => void): void {
  provider.on('grant.success', (context) => {
    const { entities } = context.oidc;
    if (entities.AccessToken?.grantId !== undefined) onUse(entities.AccessToken.grantId);
    const token = entities.AccessToken ?? entities.ClientCredentials;
    log.info('token-issued', {
      ...whoAsked(context),
      scope: token?.scope,
      resource: token?.aud,
      subject: entities.AccessToken?.accountId,
    });
  });
  provider.on('grant.error', (context, error) => log.warn('token-refused', { ...whoAsked(context), ...reason(error) }));
  provider.on('authorization.error', (context, error) =>
    log.warn('authorization-refused', { ...whoAsked(context), ...reason(error) }),
  );
  provider.on('authorization.success', (context) => log.info('authorization-granted', whoAsked(context)));
  provider.on('revocation.error', (context, error) =>
    log.warn('revocation-refused', { ...whoAsked(context), ...reason(error) }),
  );
  provider.on('registration_create.success', (_context, client) =>
    log.info('client-registered', { client_id: client.clientId, client_name: client.clientName }),
  );
  provider.on('registration_create.error', (_context, error) => log.warn('registration-refused', reason(error)));
  provider.on('registration_delete.success', (_context, client) =>
    log.info('client-removed', { client_id: client.clientId }),
  );
  provider.on('introspection.error', (context, error) =>
    log.warn('introspection-refused', { ...whoAsked(context), ...reason(error) }),
  );
  provider.on('grant.revoked', (context) => log.info('grant-revoked', whoAsked(context)));
  provider.on('server_error', (context, error) =>
    log.error('authorization-server-failed', { ...whoAsked(context), error }),
  );
  // Koa prints errors itself when nobody listens; most of these are clients that went away.
  const application: EventEmitter = provider;
  application.on('error', (error: unknown) => log.warn('response-failed', { error }));
}

function whoAsked({ oidc }: KoaContextWithOIDC): LogFields {
  const { params } = oidc;
  return {
    // Unproven when the request was refused: anybody can send any client_id.
    client_id: oidc.client?.clientId ?? params?.['client_id'],
    grant_type: params?.['grant_type'],
  };
}

function reason(error: errors.OIDCProviderError): LogFields {
  return { error: error.error ?? error.message, reason: error.error_description, detail: error.error_detail };
}
