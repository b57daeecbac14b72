// The small form of the attack: that the download is right, the memory bounded, and that nothing a peer sends ends the process. Node.js
// ends a program with code 1 on an unhandled rejection or an uncaught exception, and a program that fails, fails the run.
import { describe, expect, test } from '@jest/globals'
import { tmpdir } from 'node:os'
import { libtorrent, missingPrograms } from '@torrential/interop'
import { timeAvailable } from '../src/measured-run.ts'
import { runWorkload } from '../src/run-workload.ts'
import { attackWorkloads } from '../src/workloads/attack.ts'

const time = timeAvailable()
const missing = [...(await missingPrograms([libtorrent])), ...(time === true ? [] : [time])]
const running = missing.length === 0 || process.env['CI'] === 'true' ? describe : describe.skip
const MEBI = 2 ** 20

running(`fifty hostile peers${missing.length === 0 ? '' : ` (${missing.join('; ')})`}`, () => {
  test('neither spoil a download nor end the process, and cost at most 256 MiB', async () => {
    const workload = attackWorkloads.find(({ name }) => name === 'attack-50')
    if (workload === undefined) throw new Error('no workload attack-50')
    const only = ['torrential', 'torrential attacked']
    const settings = { size: 16 * MEBI, runs: 1, seconds: 0.2, only, folder: tmpdir(), note: () => {} }
    const { results } = await runWorkload(workload, settings)
    expect(results.map(({ name }) => name)).toEqual(only)
    const [clean, attacked] = results.map(({ measurements }) => measurements[0]?.peakBytes ?? Number.NaN)
    expect(attacked).toBeLessThanOrEqual((clean as number) + 256 * MEBI)
  })
})
