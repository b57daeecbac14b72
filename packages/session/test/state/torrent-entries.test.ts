import { describe, expect, test } from '@jest/globals'
import { SeededRandom, StorageError, VirtualClock } from '@torrential/primitives'
import { type EntryFound, type EntrySubject, TorrentEntries } from '../../src/state/torrent-entries.ts'
import type { TorrentEntry } from '../../src/state/torrent-entry.ts'
import { MemoryStateFiles } from './memory-state-files.ts'

const infoHash = '0123456789abcdef0123456789abcdef01234567'
const torrentFile = new SeededRandom(3).bytes(500)
const entry: TorrentEntry = {
  infoHash,
  added: 7,
  path: '/downloads',
  paths: 'portable',
  priorities: '0417',
  maxDown: 1_000,
  isStarted: true,
  isPaused: false,
  isSequential: false,
  trackers: [['http://a.example/announce']],
  addedTrackers: [['udp://b.example:1', 2], ['udp://c.example:1']],
  peers: [{ host: '10.0.0.1', port: 6881, family: 4 }] as unknown as TorrentEntry['peers'],
}

function subjectOf(
  file: Uint8Array | undefined = torrentFile,
  draft: Omit<TorrentEntry, 'torrent'> = entry,
): EntrySubject & { warnings: unknown[] } {
  const warnings: unknown[] = []
  return { draft: () => ({ entry: draft, torrentFile: file }), warn: (error) => warnings.push(error), warnings }
}

function entriesOn(files: MemoryStateFiles): TorrentEntries {
  return new TorrentEntries({ files, clock: new VirtualClock(), wallClock: () => 1_000 })
}

async function loaded(files: MemoryStateFiles): Promise<EntryFound[]> {
  const all: EntryFound[] = []
  for await (const found of entriesOn(files).load(() => true)) all.push(found)
  return all
}

async function written(): Promise<MemoryStateFiles> {
  const files = new MemoryStateFiles()
  const entries = entriesOn(files)
  const subject = subjectOf()
  entries.changed(subject)
  await entries.release(subject)
  return files
}

describe('entries', () => {
  test('come back as they were written, with the .torrent', async () => {
    const [found, ...more] = await loaded(await written())
    expect(more).toEqual([])
    expect(found).toMatchObject({ entry: { ...entry, torrent: expect.any(String) }, torrentFile })
  })

  test('are as they were or as they are, whenever the power goes', async () => {
    const files = new MemoryStateFiles()
    const entries = entriesOn(files)
    const magnet = 'magnet:?xt=urn:btih:…'
    const states: EntrySubject[] = [
      { draft: () => ({ entry: { ...entry, magnet }, torrentFile: undefined }), warn: () => {} },
      subjectOf(),
      subjectOf(Uint8Array.of(1)),
    ]
    let now = states[0] as EntrySubject
    const subject: EntrySubject = { draft: () => now.draft(), warn: () => {} }
    for (now of states) {
      entries.changed(subject)
      await entries.settle(subject)
    }
    await entries.forget(subject)
    expect(await files.list()).toEqual([])
    const seen = new Set<number | undefined>()
    for (const after of files.afterPowerCut()) {
      const [found] = await loaded(after)
      if (found === undefined) continue
      expect(found).not.toHaveProperty('damaged')
      if ('entry' in found) seen.add(found.torrentFile?.length)
    }
    expect([...seen]).toEqual([undefined, 500, 1])
  })

  test('cut, flipped or foreign, are damaged and never something else', async () => {
    const files = await written()
    const random = new SeededRandom(4)
    for (const name of await files.list()) {
      const bytes = (await files.read(name, 1e6)) as Uint8Array
      for (let round = 0; round < 1_000; round++) {
        const changed = Buffer.from(bytes)
        const at = Math.floor(random.next() * bytes.length)
        changed[at] = (changed[at] as number) ^ (1 << Math.floor(random.next() * 8))
        files.put(name, round % 2 === 0 ? changed : bytes.subarray(0, at))
        expect(await loaded(files)).toEqual([{ damaged: expect.any(StorageError) }])
      }
      files.put(name, bytes)
    }
    files.put('f'.repeat(40) + '.entry', (await files.read(`${infoHash}.entry`, 1e6)) as Uint8Array)
    expect(await loaded(files)).toMatchObject([{ damaged: { code: 'STATE_DAMAGED' } }, { entry: { infoHash } }])
  })

  test('that cannot be written are a warning, and are tried again at the end', async () => {
    const files = new MemoryStateFiles()
    const replace = files.replace.bind(files)
    files.replace = () => Promise.reject(new Error('full'))
    const entries = entriesOn(files)
    const subject = subjectOf()
    entries.changed(subject)
    await entries.settle(subject)
    expect(subject.warnings).toMatchObject([{ code: 'STATE_WRITE' }])
    files.replace = replace
    await entries.release(subject)
    expect(await loaded(files)).toHaveLength(1)
  })

  test('come in the order in which the torrents were added, also within a millisecond and after a restart', async () => {
    const entries = entriesOn(new MemoryStateFiles())
    expect([entries.nextAdded(), entries.nextAdded()]).toEqual([1_000, 1_001])
    entries.adopt(subjectOf(), { entry: { ...entry, added: 9_000 }, torrentFile })
    expect(entries.nextAdded()).toBe(9_001)
  })
})
