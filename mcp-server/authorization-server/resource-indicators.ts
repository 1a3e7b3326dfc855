// Which resource a request means. RFC 8707 says `resource`, Auth0 says `audience`, some clients say neither, and
// loopback has three names. All of that becomes the one canonical identifier before oidc-provider sees it, so that a
// consent, a code and a refresh token given under one spelling hold under the others.

export interface ResourceIndicators {
  /** The identifier that tokens carry as `aud`. */
  readonly canonical: string;
  /** Rewrites `resource` and `audience` in place. What names another resource stays, to be refused as `invalid_target`. */
  readonly normalize: (parameters: URLSearchParams) => void;
  /** After `normalize`: does the request name nothing but this resource? */
  readonly areKnown: (parameters: URLSearchParams) => boolean;
}

/** @param needsAudience only `audience` counts, and a request without one is for no resource: Auth0's way */
export function createResourceIndicators(
  resource: string,
  aliases: readonly string[],
  needsAudience = false,
): ResourceIndicators {
  const known = new Set([resource, ...aliases].map(withoutTrailingSlash));
  return {
    canonical: resource,
    areKnown: (parameters) => parameters.getAll('resource').every((value) => value === resource),
    normalize(parameters) {
      if (needsAudience) {
        const audience = parameters.get('audience');
        parameters.delete('audience');
        parameters.delete('resource');
        if (audience) parameters.set('resource', audience);
        return;
      }
      const named = [...parameters.getAll('resource'), ...parameters.getAll('audience')].filter(
        (value) => value !== '',
      );
      const meant = new Set(named.map((value) => (known.has(withoutTrailingSlash(value)) ? resource : value)));
      parameters.delete('audience');
      parameters.delete('resource');
      for (const value of meant.size === 0 ? [resource] : meant) parameters.append('resource', value);
    },
  };
}

/** One slash only: `…/mcp/` is a common slip, `…/mcp//` is another resource. */
function withoutTrailingSlash(identifier: string): string {
  return identifier.endsWith('/') ? identifier.slice(0, -1) : identifier;
}
