import { describe, expect, test } from '@jest/globals'
import { DEFAULTS } from '../../src/options.ts'
import { lineOf, mostBehind } from '../../src/state/journal-pace.ts'

const KIBI = 1024

/** Verified pieces that `kill -9` may cost: those that wait for the journal, and those of writes that had begun by then. */
function mostLost(pieceLength: number): number {
  const inOneWrite = Math.max(1, DEFAULTS.writeBytes / pieceLength)
  return mostBehind(pieceLength) - 1 + DEFAULTS.writesAtOnce * inOneWrite
}

describe('the pace of the journal', () => {
  test.each([256, 512, 1024, 4096, 16_384])('keeps what a crash costs at 64 pieces of %d KiB', (kibi) => {
    expect(mostLost(kibi * KIBI)).toBeLessThanOrEqual(64)
  })

  test('of smaller pieces at 14 MiB', () => {
    for (const length of [16 * KIBI, 64 * KIBI, 128 * KIBI]) {
      expect(mostLost(length) * length).toBeLessThanOrEqual(14 * KIBI * KIBI)
    }
  })

  test('lets lines go out before writes have to wait', () => {
    for (let length = 16 * KIBI; length <= 64 * KIBI * KIBI; length *= 2) {
      expect(lineOf(length)).toBeLessThan(mostBehind(length))
    }
  })
})
