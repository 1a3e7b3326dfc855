// The rules of approval: patterns, what a trusted server says of its tools, and what a person has said before → run, refuse,
// or ask. Pure.

import type { ApprovalSettings } from '../approval.ts';
import type { LoadedTool } from '../mcp/tools.ts';
import { findPattern } from './patterns.ts';

/** What the rules say about a call. */
export type Verdict =
  | { readonly kind: 'allow' }
  /** `reason` names the rule, and the flag that would allow it. */
  | { readonly kind: 'deny'; readonly reason: string }
  | { readonly kind: 'ask' };

/** What the rules look at. */
export type JudgedTool = Pick<LoadedTool, 'name' | 'server' | 'annotations' | 'change'>;

export interface Circumstances {
  readonly settings: ApprovalSettings;
  /** Whether the configuration says that this server's annotations may be believed. */
  readonly isTrusted: boolean;
  /** Whether a person has said yes to this tool, as it is now, before. */
  readonly isRemembered: boolean;
  /** Whether there is a person. Without one nothing waits: what would be asked is refused at once. */
  readonly canAsk: boolean;
}

/**
 * Decides about a tool. The first rule that applies counts: a pattern of `deny`; a tool that is not what it was; a pattern
 * of `allow`; the mode; what was said before; what a trusted server says. Everything else is asked, or refused.
 */
export function decide(tool: JudgedTool, { settings, isTrusted, isRemembered, canAsk }: Circumstances): Verdict {
  const { mode, allow, deny } = settings;
  const name = `${tool.server}.${tool.name}`;
  const allowed = `Allow it with --allow ${quote(name)}, or everything with --approval all.`;
  const denied = findPattern(deny, tool, 'deny');
  if (denied !== undefined) return { kind: 'deny', reason: `${name} is refused by --deny ${quote(denied)}.` };
  if (tool.change)
    return canAsk && mode !== 'none'
      ? { kind: 'ask' }
      : {
          kind: 'deny',
          reason: `${name} is not what it was when it was approved: its server describes it otherwise. Look at it in a chat, or with: agent mcp tools ${tool.server}`,
        };
  if (findPattern(allow, tool, 'allow') !== undefined || mode === 'all') return { kind: 'allow' };
  if (mode === 'none') return { kind: 'deny', reason: `${name} is refused by --approval none. ${allowed}` };
  if (isTrusted && isReadOnly(tool)) return { kind: 'allow' };
  if (mode === 'read-only') return { kind: 'deny', reason: `${name} is ${describeRisk(tool)}. ${allowed}` };
  if (isRemembered) return { kind: 'allow' };
  if (canAsk) return { kind: 'ask' };
  return { kind: 'deny', reason: `${name} needs a person's approval, and there is nobody to ask. ${allowed}` };
}

/** A server that says both is taken at the worse one. */
export function isReadOnly({ annotations }: Pick<JudgedTool, 'annotations'>): boolean {
  return annotations.readOnlyHint === true && annotations.destructiveHint !== true;
}

function describeRisk(tool: JudgedTool): string {
  if (isReadOnly(tool)) return 'said to only read, but by a server whose word is not trusted';
  return tool.annotations.destructiveHint === true
    ? 'said to destroy or overwrite something'
    : 'not known to only read';
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
