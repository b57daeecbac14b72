// What a look at a piece costs: its files are gone through a few times, not once for each of them.

import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, jest, test } from '@jest/globals'
import { HandlePool } from '@torrential/storage'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { failureOf, KIB, pieceOf, torrentOnDisk, writeAll } from './torrent-data.ts'

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

/** 1,000 files of a piece each, in 10 directories of 10. */
const tree = Object.fromEntries(
  Array.from({ length: 1_000 }, (_, at) => [`t/${at % 10}/${Math.floor(at / 10) % 10}/${at}`, 32 * KIB]),
)

async function callsOfLook(path: string): Promise<{ found: number; calls: string[] }> {
  const fileSystem = new MeddlingFileSystem()
  const calls: string[] = []
  for (const call of ['stat', 'realPath'] as const) {
    const real = fileSystem[call].bind(fileSystem)
    jest.spyOn(fileSystem, call).mockImplementation((at: string) => {
      calls.push(`${call} ${at}`)
      return real(at) as never
    })
  }
  const { geometry, storage } = torrentOnDisk(path, tree, { handles: new HandlePool({ fileSystem }) })
  const survey = storage.survey()
  calls.length = 0
  let found = 0
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    if ((await survey.locate(pieceOf(geometry, piece))) !== undefined) found++
  }
  await storage.close()
  return { found, calls }
}

test('of directories that are not there only the uppermost is looked at, once', async () => {
  const path = await temporaryDirectory()
  const { found, calls } = await callsOfLook(path)
  expect(found).toBe(0)
  expect(calls.length).toBeLessThan(12)
  // The root itself is missing.
  expect((await callsOfLook(join(path, 'none'))).calls.length).toBeLessThan(12)
})

test('what is there beside directories that are not is found', async () => {
  const path = await temporaryDirectory()
  const { geometry, storage } = torrentOnDisk(path, tree)
  for (const piece of [3, 13, 24]) await storage.write(pieceOf(geometry, piece), 0, [new Uint8Array(32 * KIB)])
  await storage.close()
  const { found, calls } = await callsOfLook(path)
  expect(found).toBe(3)
  // t/3/0, t/3/1 and t/4/2 are there, each with 10 files to look for; the other 8 of t/3 and 9 of t/4 are not, nor the 8 beside these two.
  expect(calls.length).toBeLessThan(3 * (10 + 4) + 3 * (8 + 9 + 8))
})

test('a directory that leads out is told of as before, also where something in it is missing', async () => {
  const path = await temporaryDirectory()
  const outside = await temporaryDirectory()
  await mkdir(join(path, 't'))
  await symlink(outside, join(path, 't/5'))
  await mkdir(join(outside, '0'))
  const { geometry, storage } = torrentOnDisk(path, tree)
  const survey = storage.survey()
  expect(await survey.locate(pieceOf(geometry, 0))).toBeUndefined()
  expect(await failureOf(Promise.resolve(survey.locate(pieceOf(geometry, 5))))).toMatchObject({ code: 'PATH_OUTSIDE' })
  await storage.close()
})
