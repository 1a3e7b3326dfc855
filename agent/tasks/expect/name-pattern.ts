// Names of tools as tasks write them: `tool` or `server.tool`, `*` for any run of characters.

export interface NamedTool {
  readonly name: string;
  readonly server: string;
}

/** Whether a pattern names the tool, alone or with its server. Linear in the text: a pattern is no regular expression. */
export function matchesName(pattern: string, { name, server }: NamedTool): boolean {
  return matchesGlob(pattern, name) || matchesGlob(pattern, `${server}.${name}`);
}

function matchesGlob(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return pattern === text;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
