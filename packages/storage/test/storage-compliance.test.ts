import type { Geometry } from '@torrential/primitives'
import { systemClock } from '@torrential/primitives/system'
import { storageCompliance } from '@torrential/contracts/compliance'
import { cached, faulty, FileStorage, HandlePool, MemoryStorage, timed } from '@torrential/storage'
import { describe, expect, test } from '@jest/globals'
import { temporaryDirectory } from './temporary-directory.ts'

const onDisk = (handles?: number) => async (geometry: Geometry) => {
  const files = geometry.files.map((_, index) => ({ path: `torrent/directory ${index % 2}/file ${index}` }))
  const pool = new HandlePool(handles === undefined ? {} : { handles })
  return new FileStorage({ geometry, files, handles: pool }, { path: await temporaryDirectory() })
}

const inMemory = (geometry: Geometry) => new MemoryStorage({ geometry })

const suites = {
  'files on disk': storageCompliance(onDisk()),
  'files on disk with one handle': storageCompliance(onDisk(1)),
  memory: storageCompliance(inMemory),
  'a cache over memory': storageCompliance((geometry) => cached(inMemory(geometry), geometry), { sharedReads: true }),
  'a small cache of short runs over files': storageCompliance(
    async (geometry) => cached(await onDisk()(geometry), geometry, { bytes: 64 * 1024, run: 5_000 }),
    { sharedReads: true },
  ),
  'a timed storage': storageCompliance((geometry) => timed(inMemory(geometry), systemClock)),
  'a faulty storage without faults': storageCompliance((geometry) => faulty(inMemory(geometry), { faults: [] })),
}

for (const [name, cases] of Object.entries(suites)) {
  describe(name, () => {
    for (const each of cases) {
      test(each.name, async () => {
        await expect(each.run()).resolves.toBeUndefined()
      })
    }
  })
}
