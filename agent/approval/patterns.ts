// Patterns of tools as `--allow` and `--deny` take them: `tool` or `server.tool`, with `*` for any run of characters. Pure.

interface Named {
  /** As the model sees it. */
  readonly name: string;
  readonly server: string;
  /** As its server calls it, where that is another name. */
  readonly sourceName?: string | undefined;
}

/**
 * The first pattern that matches the tool.
 *
 * A server chooses the names of its tools. Hence `allow` reads a pattern with a dot as `server.tool` only, so that no server
 * can name a tool after another one's; `deny` takes every reading.
 */
export function findPattern(patterns: readonly string[], tool: Named, purpose: 'allow' | 'deny'): string | undefined {
  return patterns.find((pattern) => {
    const isBare = !pattern.includes('.');
    const readings = [
      ...(isBare && purpose === 'allow' ? [] : qualifiedNames(tool)),
      ...(isBare || purpose === 'deny' ? [tool.name] : []),
      ...(purpose === 'deny' ? [ownName(tool)] : []),
    ];
    return readings.some((name) => matches(pattern, name));
  });
}

/** The patterns that match no tool: most likely a slip. `*` alone matches whatever will come. */
export function findIdlePatterns(patterns: readonly string[], tools: readonly Named[]): string[] {
  return patterns.filter(
    (pattern) => pattern !== '*' && !tools.some((tool) => findPattern([pattern], tool, 'deny') !== undefined),
  );
}

function qualifiedNames(tool: Named): string[] {
  return [...new Set([tool.name, ownName(tool)])].map((name) => `${tool.server}.${name}`);
}

/** The name at its server: the model sees another where two servers have the same. */
function ownName({ name, server, sourceName }: Named): string {
  return sourceName ?? (name.startsWith(`${server}__`) ? name.slice(server.length + 2) : name);
}

/** Without a regular expression: a pattern with many stars must not take for ever. */
function matches(pattern: string, name: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of others) {
    const at = name.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}
