// `kill -9` in the middle of a download from libtorrent, in small. The whole trial: packages/interop/bin/kill-trial.js.
import { expect, jest, test } from '@jest/globals'
import { killTrial, libtorrent } from '../src/index.ts'
import { suiteWith } from './suite-with.ts'

jest.setTimeout(180_000)

await suiteWith([libtorrent], 'a download from libtorrent that is killed', () => {
  test('knows nearly every piece it had, and none that it had not', async () => {
    const { kills, completed } = await killTrial({ from: libtorrent, kills: 8, length: 64 * 1024 * 1024, seed: 3 })
    expect(kills).toHaveLength(8)
    expect(kills.map(({ wrong }) => wrong)).toEqual(kills.map(() => 0))
    expect(Math.max(...kills.map(({ lost }) => lost))).toBeLessThanOrEqual(64)
    expect(Math.max(...kills.map(({ right }) => right))).toBeGreaterThan(64)
    expect(completed).toBeGreaterThan(0)
  })

  test('ends right after every kill', async () => {
    const options = { from: libtorrent, kills: 3, length: 16 * 1024 * 1024, seed: 5, finish: 'each' } as const
    const { kills, completed } = await killTrial(options)
    expect(kills.map(({ wrong }) => wrong)).toEqual([0, 0, 0])
    // Others may have been complete before their time had come.
    expect(completed).toBeGreaterThanOrEqual(3)
  })
})
