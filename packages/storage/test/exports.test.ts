import * as storage from '@torrential/storage'
import { expect, test } from '@jest/globals'

test('the package exports exactly these names', () => {
  expect(Object.keys(storage).sort()).toEqual([
    'CacheBudget',
    'FilePieceHasher',
    'FileStorage',
    'HandlePool',
    'HashPool',
    'MemoryStorage',
    'MissingDirectories',
    'allPieces',
    'batchesOver',
    'cached',
    'checkBatches',
    'checkPieces',
    'createTorrent',
    'faulty',
    'faultyFileSystem',
    'nodeFileSystem',
    'timed',
  ])
})
