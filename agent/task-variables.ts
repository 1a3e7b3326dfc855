// The part of the configuration that the CI service sets for task runs. Read by config.ts alone.

import * as z from 'zod';

/** The variables of this part. */
export const TASK_SHAPE = {
  /** Set by GitHub Actions: the file whose text is shown on the page of the run. */
  GITHUB_STEP_SUMMARY: z.string().optional(),
  /** `true` on GitHub Actions: failures become annotations. */
  GITHUB_ACTIONS: z.string().optional(),
};

export interface TaskConfig {
  /** A file that a summary is appended to. */
  readonly summaryFile: string | undefined;
  readonly isGithub: boolean;
}

export function taskConfigFrom(env: z.output<z.ZodObject<typeof TASK_SHAPE>>): TaskConfig {
  return { summaryFile: env.GITHUB_STEP_SUMMARY, isGithub: env.GITHUB_ACTIONS === 'true' };
}
