// Every byte of a download is counted as waiting for the disk once, and is not any more once it is there.

import { afterEach, expect, jest, test } from '@jest/globals'
import { DownloadCredit } from '@torrential/engine'
import { createSession } from '@torrential/session'
import { BenchFolder } from './bench-folder.ts'

const KIB = 1_024
const LENGTH = 16 * KIB * KIB

afterEach(() => {
  jest.restoreAllMocks()
})

// Runs of small pieces, pieces of their own, and pieces that are written in runs.
test.each([16 * KIB, 1_024 * KIB, 8_192 * KIB])('in pieces of %i bytes', async (pieceLength) => {
  await using bench = await BenchFolder.create()
  const origin = await bench.write({ 'one.bin': LENGTH })
  await using seeder = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
  const seed = await seeder.seed(`${origin}/one.bin`, { pieceLength })
  await seed.ready
  await using leecher = await createSession({ port: 0, host: '127.0.0.1', trackers: false })
  const wait = jest.spyOn(DownloadCredit.prototype, 'wait')
  const leech = await leecher.add(seed.torrentFile, { path: bench.copy(), peers: [`127.0.0.1:${seeder.port}`] })
  await leech.done
  const bytes = wait.mock.calls.map(([count]) => count)
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  expect(sum(bytes.filter((count) => count > 0))).toBe(LENGTH)
  expect(sum(bytes)).toBe(0)
})
