// What a look at a piece costs: its files are gone through a few times, not once for each of them.

import { mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, jest, test } from '@jest/globals'
import { Geometry } from '@torrential/primitives'
import { FileStorage, HandlePool } from '@torrential/storage'
import { MeddlingFileSystem } from './meddling-file-system.ts'
import { temporaryDirectory } from './temporary-directory.ts'
import { failureOf, KIB, pieceOf, torrentOnDisk, writeAll, wrongPieces } from './torrent-data.ts'

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

test('of a torrent whose folder is missing one piece is gone through, and its files may be made again', async () => {
  const path = await temporaryDirectory()
  const { geometry, storage } = torrentOnDisk(path, tree)
  await writeAll(storage, geometry)
  await rm(join(path, 't'), { recursive: true })
  const slices = jest.spyOn(geometry, 'slices')
  const survey = storage.survey()
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    expect(await survey.locate(pieceOf(geometry, piece))).toBeUndefined()
  }
  expect(slices.mock.calls.length).toBeLessThanOrEqual(2)
  await writeAll(storage, geometry, 2)
  expect(await wrongPieces(storage, geometry, 2)).toEqual([])
  await storage.close()
})

test('so it is where padding fills up pieces', async () => {
  const files = Array.from({ length: 10 }, (_, file) => ({ path: `t/${file}`, pad: file % 2 === 1 }))
  const geometry = new Geometry(
    'v1',
    32 * KIB,
    files.map(({ pad }) => ({ length: (pad ? 12 : 20) * KIB, pad })),
  )
  const storage = new FileStorage({ geometry, files, handles: new HandlePool() }, { path: await temporaryDirectory() })
  const slices = jest.spyOn(geometry, 'slices')
  const survey = storage.survey()
  for (let piece = 0; piece < geometry.pieceCount; piece++) {
    expect(await survey.locate(pieceOf(geometry, piece))).toBeUndefined()
  }
  expect(slices.mock.calls.length).toBeLessThanOrEqual(2)
  await storage.close()
})

test('without its folder there is what lies elsewhere: in the part file, in another place, and zeros', async () => {
  const files = { 't/a': 32 * KIB, 't/b': 32 * KIB, 't/c': 32 * KIB }
  const options = { partFile: 'parts', wanted: (file: number) => file !== 1 }
  const parked = torrentOnDisk(await temporaryDirectory(), files, options)
  await parked.storage.write(pieceOf(parked.geometry, 1), 0, [new Uint8Array(32 * KIB)])
  await parked.storage.close()
  const { storage: again } = torrentOnDisk(parked.storage.path, files, options)
  const inPart = again.survey()
  expect(await inPart.locate(pieceOf(parked.geometry, 0))).toBeUndefined()
  expect(await inPart.locate(pieceOf(parked.geometry, 1))).toHaveLength(1)
  await again.close()

  const moved = torrentOnDisk(await temporaryDirectory(), files)
  await moved.storage.write(pieceOf(moved.geometry, 2), 0, [new Uint8Array(32 * KIB)])
  await moved.storage.rename(2, 'elsewhere')
  await rm(join(moved.storage.path, 't'), { recursive: true, force: true })
  const survey = moved.storage.survey()
  expect(await survey.locate(pieceOf(moved.geometry, 0))).toBeUndefined()
  expect(await survey.locate(pieceOf(moved.geometry, 2))).toHaveLength(1)
  await moved.storage.close()

  // A piece of nothing but padding.
  const geometry = new Geometry('v1', 32 * KIB, [{ length: 32 * KIB }, { length: 32 * KIB, pad: true }])
  const padded = new FileStorage(
    { geometry, files: [{ path: 't/a' }, { path: 't/pad', pad: true }], handles: new HandlePool() },
    { path: await temporaryDirectory() },
  )
  const look = padded.survey()
  expect(await look.locate(pieceOf(geometry, 0))).toBeUndefined()
  expect(await look.locate(pieceOf(geometry, 1))).toHaveLength(1)
  await padded.close()
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
