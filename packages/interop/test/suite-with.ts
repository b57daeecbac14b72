// A suite that needs other programs. Where one is missing, its tests are skipped under a name that says so; with CI=true they fail.
import { describe, test } from '@jest/globals'
import { missingPrograms, type Needed } from '../src/availability.ts'

/** `describe` for a suite that needs programs; await it at the top level of the file. */
export async function suiteWith(needed: readonly Needed[], title: string, body: () => void): Promise<void> {
  const missing = await missingPrograms(needed)
  if (missing.length === 0) {
    describe(title, body)
    return
  }
  const reason = missing.join('; ')
  if (process.env['CI'] === 'true') {
    describe(title, () => {
      test('has the programs that it needs', () => {
        throw new Error(reason)
      })
    })
    return
  }
  process.stderr.write(`SKIPPED ${title}: ${reason}\n`)
  describe.skip(`${title} (skipped: ${reason})`, body)
}
