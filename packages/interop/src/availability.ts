// Which programs a set of tests needs, and what is missing here.

/** Something that may not be installed. */
export interface Needed {
  readonly name: string
  /** True, or why it cannot run here. */
  available(): Promise<true | string>
}

/** One reason for each program that cannot run here; empty when all can. */
export async function missingPrograms(needed: readonly Needed[]): Promise<string[]> {
  const answers = await Promise.all(needed.map((program) => program.available()))
  return answers.filter((answer) => answer !== true)
}
