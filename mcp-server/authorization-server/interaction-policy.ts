// When a person is asked. oidc-provider asks for what a client was not granted yet; here it also asks when an earlier yes
// may have been meant for somebody else who uses the same client id.

import { type Client, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { isAnonymous } from './anonymous-clients.ts';
import { CONNECTIONS_CLIENT_ID } from './connections-page.ts';
import { OPENID_SCOPE } from './scope-rules.ts';

/** oidc-provider's policy and, on top of it, consent each time for whom `needsConsentEachTime` names. */
export function createInteractionPolicy() {
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  policy
    .get('consent')
    ?.checks.add(
      new Check(
        'consent_each_time',
        'an earlier consent may have been meant for another',
        'interaction_required',
        ({ oidc }) =>
          oidc.client && needsConsentEachTime(oidc.client) && !oidc.result?.consent
            ? Check.REQUEST_PROMPT
            : Check.NO_NEED_TO_PROMPT,
      ),
    );
  return policy;
}

/**
 * Whom nobody vouched for is asked about each time, wherever the answer goes. And so is a client with several redirect
 * URIs: the person saw where the answer went the last time, and the next one may go elsewhere.
 *
 * @see RFC 8252 §8.6; MCP Security Best Practices, Confused Deputy
 */
function needsConsentEachTime({ clientId, redirectUris = [] }: Client): boolean {
  return isAnonymous(clientId) || redirectUris.length > 1;
}

/** The page of connections is ours and learns nothing but that somebody is signed in: there is nothing to consent to. */
export async function loadExistingGrant({ oidc }: KoaContextWithOIDC) {
  const { client, session, provider, result } = oidc;
  if (!client || !session) return undefined;
  const grantId = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId);
  if (known || client.clientId !== CONNECTIONS_CLIENT_ID || session.accountId === undefined) return known;
  const grant = new provider.Grant({ accountId: session.accountId, clientId: client.clientId });
  grant.addOIDCScope(OPENID_SCOPE);
  await grant.save();
  return grant;
}
