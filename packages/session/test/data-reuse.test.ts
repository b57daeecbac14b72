import { cp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { AddOptions, Session, Torrent } from '@torrential/session'
import { createTorrent, type CreateOptions } from '@torrential/storage'
import { BenchFolder, collect } from './bench-folder.ts'

const collection = { collections: ['both'] }

/** Two torrents that have `film` in common: the first is complete in `folder.path/origin`, the second is added elsewhere. */
async function two(
  folder: BenchFolder,
  options: CreateOptions,
): Promise<{ session: Session; first: Torrent; bytes: Uint8Array }> {
  await folder.write({ 'one/film': 100_000, 'one/notes': 3_000 })
  await cp(join(folder.path, 'origin/one/film'), join(folder.path, 'origin/two/movie'), { recursive: true })
  await folder.write({ 'two/extra': 50_000 })
  const make = (name: string) =>
    createTorrent(join(folder.path, 'origin', name), { pieceLength: 16_384, ...collection, ...options }).result
  const session = await folder.session()
  const first = await session.add(await make('one'), { path: join(folder.path, 'origin') })
  await first.done
  return { session, first, bytes: await make('two') }
}

async function added(session: Session, bytes: Uint8Array, options: AddOptions) {
  const torrent = await session.add(bytes, options)
  const events = collect(torrent.events({ types: ['file-reused', 'warning', 'file-complete'] }))
  await torrent.ready
  const film = torrent.files.find(({ name }) => name === 'movie')
  if (film === undefined) throw new Error('the test has no film')
  return { torrent, film, events: events as readonly { readonly type: string }[] }
}

const inode = async (path: string) => (await stat(path)).ino

test('a file that a related torrent has for certain is linked, and its pieces count at once', async () => {
  await using folder = await BenchFolder.create()
  const { session, first, bytes } = await two(folder, { version: 'hybrid' })
  const { torrent, film, events } = await added(session, bytes, { path: folder.copy() })
  expect(events).toContainEqual({ type: 'file-reused', torrent, file: film, from: first, method: 'link' })
  expect(film.isComplete).toBe(true)
  expect(torrent.files.find(({ name }) => name === 'extra')?.isComplete).toBe(false)
  expect(await inode(join(folder.copy(), film.path))).toBe(await inode(join(folder.path, 'origin/one/film')))
})

test('without pieces roots the likeness is a guess: it is copied, and what is written later does not reach the other torrent', async () => {
  await using folder = await BenchFolder.create()
  await folder.write({ 'two/a': 16_384 - 1_696 })
  const { session, first, bytes } = await two(folder, { version: 'v1' })
  // Of `one`, film lies at 0; of `two`, behind two other files: only the name could tell, and it is another.
  expect((await added(session, bytes, { path: folder.copy() })).events).toEqual([])
  await cp(join(folder.path, 'origin/two/movie'), join(folder.path, 'origin/two/film'))
  await rm(join(folder.path, 'origin/two/movie'))
  const renamed = await createTorrent(join(folder.path, 'origin/two'), {
    version: 'v1',
    pieceLength: 16_384,
    ...collection,
  }).result
  const torrent = await session.add(renamed, { path: folder.copy('second') })
  const events = collect(torrent.events({ types: ['file-reused'] }))
  await torrent.ready
  expect(events).toMatchObject([{ from: first, method: 'copy' }])
  const target = join(folder.copy('second'), 'two/film')
  expect(await readFile(target)).toEqual(await readFile(join(folder.path, 'origin/one/film')))
  expect(await inode(target)).not.toBe(await inode(join(folder.path, 'origin/one/film')))
})

test('`copy` copies even what is the same for certain; false takes nothing', async () => {
  await using folder = await BenchFolder.create()
  const { session, bytes } = await two(folder, { version: 'v2' })
  const { torrent, film, events } = await added(session, bytes, { path: folder.copy(), reuse: 'copy' })
  expect(events).toMatchObject([{ type: 'file-reused', method: 'copy' }])
  expect(film.isComplete).toBe(true)
  expect(await inode(join(folder.copy(), film.path))).not.toBe(await inode(join(folder.path, 'origin/one/film')))
  await session.remove(torrent)
  const none = await added(session, bytes, { path: folder.copy('none'), reuse: false })
  expect(none.events).toEqual([])
  expect(none.film.progress).toBe(0)
})

test('torrents that say nothing of one another share nothing', async () => {
  await using folder = await BenchFolder.create()
  const { session, bytes } = await two(folder, { version: 'hybrid', collections: [] })
  const { events, film } = await added(session, bytes, { path: folder.copy() })
  expect(events).toEqual([])
  expect(film.progress).toBe(0)
})

test('what was taken is hashed: bytes that went bad behind our back do not count', async () => {
  await using folder = await BenchFolder.create()
  const { session, bytes } = await two(folder, { version: 'v2' })
  const path = join(folder.path, 'origin/one/film')
  const content = await readFile(path)
  content[0] = (content[0] as number) ^ 1
  await writeFile(path, content)
  const { film } = await added(session, bytes, { path: folder.copy(), reuse: 'copy' })
  expect(film.progress).toBeCloseTo(6 / 7)
})

test('a file of the source that is not complete, or not there, is not taken', async () => {
  await using folder = await BenchFolder.create()
  const { session, bytes } = await two(folder, { version: 'v2' })
  await rm(join(folder.path, 'origin/one/film'))
  const { events, film } = await added(session, bytes, { path: folder.copy() })
  expect(events).toEqual([])
  expect(film.progress).toBe(0)
})

test('what lies in the place already stays, and a place that cannot be used is a warning', async () => {
  await using folder = await BenchFolder.create()
  const { session, bytes } = await two(folder, { version: 'v2' })
  const there = await added(session, bytes, { path: join(folder.path, 'origin') })
  expect(there.events.filter(({ type }) => type !== 'file-complete')).toEqual([])
  await session.remove(there.torrent)
  await writeFile(folder.copy(), 'a file in the place of the folder')
  const { torrent, events } = await added(session, bytes, { path: folder.copy() })
  const error: unknown = expect.objectContaining({
    code: 'FILE_KIND',
    message: expect.stringContaining(folder.copy('copy/two')),
  })
  expect(events).toContainEqual({ type: 'warning', torrent, error })
  expect(torrent.status).toBe('error')
})
