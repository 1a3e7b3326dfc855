// Commands about how the agent works: which model answers, what needs a yes, and what the graph looks like.

import type { ApprovalMode, ApprovalSettings } from '../../approval.ts';
import { visibleLine, visibleText } from '../visible-text.ts';
import { type Command, type CommandContext, type CommandOutcome, text } from './command.ts';

const MODES: Readonly<Record<ApprovalMode, string>> = {
  ask: 'read-only tools of trusted servers run, you are asked about the rest',
  'read-only': 'read-only tools of trusted servers run, the rest is denied',
  all: 'everything runs, nobody is asked',
  none: 'nothing runs but what is allowed by name',
};

export const SETTING_COMMANDS: readonly Command[] = [
  {
    name: '/model',
    usage: '[provider:model]',
    description: 'shows or swaps the model, also in mid-conversation',
    run: model,
    complete: completeModel,
  },
  {
    name: '/approve',
    usage: '[ask|read-only|all|none] [allow|deny|forget pattern]',
    description: 'shows or changes which tool calls need a yes',
    run: approve,
    complete: ({ agent }, words) =>
      words.length === 0
        ? [...Object.keys(MODES), 'allow', 'deny', 'forget']
        : agent.servers.tools().map((tool) => tool.name),
  },
  {
    name: '/graph',
    usage: '',
    description: 'prints the graph as Mermaid',
    run: async ({ agent }) => ({ type: 'source', text: (await agent.drawGraph()).trimEnd() }),
  },
];

async function model({ agent }: CommandContext, [specification]: readonly string[]): Promise<CommandOutcome> {
  if (specification !== undefined)
    return text(`from now on ${visibleLine(await agent.setModel(specification, '/model'))} answers`);
  const { label, maxInputTokens } = agent.model();
  const room = maxInputTokens === undefined ? '' : ` · takes ${maxInputTokens} tokens`;
  return text(`${visibleLine(label)}${room} · /model provider:model swaps it`);
}

/** Loaded when Tab is pressed: the registry is large. */
async function completeModel(): Promise<readonly string[]> {
  const { PROVIDERS } = await import('../../models/registry.ts');
  return PROVIDERS.map(({ id, defaultModel }) => {
    if (defaultModel === '') return id;
    return defaultModel === undefined ? `${id}:` : `${id}:${defaultModel}`;
  });
}

async function approve(context: CommandContext, [word, pattern]: readonly string[]): Promise<CommandOutcome> {
  const { conversation } = context;
  const session = conversation.session();
  const { settings } = session.approval();
  if (word === undefined) return text(policyText(context));
  const next = changed(settings, word, pattern);
  if (typeof next === 'string') return text(next);
  session.setApproval(next);
  return text(policyText(context));
}

function changed(settings: ApprovalSettings, word: string, pattern: string | undefined): ApprovalSettings | string {
  if (isMode(word)) return { ...settings, mode: word };
  if (word !== 'allow' && word !== 'deny' && word !== 'forget')
    return `unknown: ${visibleLine(word)}; say ask, read-only, all, none, or allow, deny, forget with a pattern`;
  if (pattern === undefined) return `${word} what? a tool, server.tool, or a pattern with *`;
  const without = (patterns: readonly string[]) => patterns.filter((one) => one !== pattern);
  const kept = { ...settings, allow: without(settings.allow), deny: without(settings.deny) };
  if (word === 'forget') {
    const isKnown = settings.allow.includes(pattern) || settings.deny.includes(pattern);
    return isKnown ? kept : `no pattern ${visibleLine(pattern)}`;
  }
  return { ...kept, [word]: [...kept[word], pattern] };
}

function policyText({ conversation, paint }: CommandContext): string {
  const { settings, remembered } = conversation.session().approval();
  const patterns = (name: string, list: readonly string[]) =>
    list.length === 0 ? [] : [`${name} ${list.map(visibleLine).join(' ')}`];
  return [
    `${paint('strong', settings.mode)}: ${MODES[settings.mode]}`,
    ...patterns('deny', settings.deny),
    ...patterns('allow', settings.allow),
    ...(remembered.length === 0
      ? []
      : ['allowed by your answers:', ...remembered.map((one) => `  ${visibleText(one)}`)]),
  ].join('\n');
}

function isMode(word: string): word is ApprovalMode {
  return Object.hasOwn(MODES, word);
}
