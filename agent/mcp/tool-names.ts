// The names under which tools are offered to a model: each one unique, and one that every provider takes.

/** What every provider takes. */
const USABLE = /^[a-zA-Z_][\w-]{0,63}$/;
/** Our own model package reads calls of tools with this prefix as structured output, and drops them. */
const RESERVED = /^extract-/;
const MAX_LENGTH = 64;

export interface NamedTool {
  readonly server: string;
  /** As the server calls it. */
  readonly name: string;
}

/**
 * A name for each tool, in the same order. A usable name that one server alone has stays; the others get their server's
 * name in front, and a number where even that is taken. The same tools get the same names, whatever else is there, but for
 * those whose name another server has too. A name that begins like the prefix of another server does not stay.
 *
 * @param servers names of all servers, those without tools as well
 */
export function nameTools(tools: readonly NamedTool[], servers: readonly string[] = []): string[] {
  const owners = new Map<string, Set<string>>();
  for (const { server, name } of tools) {
    // Names that differ in case only are told apart by programs, and mixed up by models.
    const key = name.toLowerCase();
    owners.set(key, (owners.get(key) ?? new Set()).add(server));
  }
  const taken = new Set<string>();
  const known = [...new Set([...servers, ...tools.map(({ server }) => server)])];
  const isForeign = ({ server, name }: NamedTool) =>
    known.some((other) => other !== server && name.toLowerCase().startsWith(`${other}__`.toLowerCase()));
  const isPlain = (tool: NamedTool) =>
    isUsable(tool.name) && owners.get(tool.name.toLowerCase())?.size === 1 && !isForeign(tool);
  // Those that keep their name come first: nobody else's invented name may be one of theirs.
  const plain = new Set(tools.filter(isPlain).map(({ name }) => name));
  return tools.map((tool) => {
    const wanted = isPlain(tool) ? tool.name : `${tool.server}__${tool.name}`;
    const base = isUsable(wanted) ? wanted : makeUsable(wanted);
    let name = base;
    for (let number = 2; taken.has(name) || (plain.has(name) && !isPlain(tool)); number += 1) {
      const suffix = `_${number}`;
      name = `${base.slice(0, MAX_LENGTH - suffix.length)}${suffix}`;
    }
    taken.add(name);
    return name;
  });
}

function isUsable(name: string): boolean {
  return USABLE.test(name) && !RESERVED.test(name);
}

function makeUsable(name: string): string {
  const plain = name.replace(/[^\w-]+/g, '_').slice(0, MAX_LENGTH);
  return isUsable(plain) ? plain : `tool_${plain}`.slice(0, MAX_LENGTH);
}
