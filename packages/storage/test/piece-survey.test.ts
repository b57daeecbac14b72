// What a look at a piece costs: its files are gone through a few times, not once for each of them.

import { expect, jest, test } from '@jest/globals'
import { temporaryDirectory } from './temporary-directory.ts'
import { KIB, pieceOf, torrentOnDisk, writeAll } from './torrent-data.ts'

const FILES = 2_000

test('the files of a piece are gone through twice, however many they are, and measured once', async () => {
  const path = await temporaryDirectory()
  const files = Object.fromEntries(Array.from({ length: FILES }, (_, index) => [`t/${index}`, 8]))
  const { geometry, storage } = torrentOnDisk(path, files, { pieceLength: 32 * KIB })
  await writeAll(storage, geometry)
  const gone = jest.spyOn(geometry, 'slices')
  const survey = storage.survey()
  const extents = await survey.locate(pieceOf(geometry, 0))
  expect(extents).toHaveLength(FILES)
  expect(gone.mock.calls.length).toBeLessThanOrEqual(3)
  const before = gone.mock.calls.length
  // Everything is measured by now: the answer is there at once.
  expect(survey.locate(pieceOf(geometry, 0))).toHaveLength(FILES)
  expect(gone.mock.calls.length).toBe(before + 1)
  await storage.close()
})
