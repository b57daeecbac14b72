import { expect, test } from '@jest/globals'
import * as metainfo from '../src/index.ts'

test('exports exactly these names', () => {
  expect(Object.keys(metainfo).sort()).toEqual([
    'HASH_LENGTH',
    'MAGNET_LIMITS',
    'METAINFO_LIMITS',
    'MerkleHasher',
    'SafePaths',
    'buildTorrent',
    'choosePieceLength',
    'createVerifier',
    'digestPlan',
    'expectedDigest',
    'formatMagnet',
    'merkleRoot',
    'paddingHash',
    'parseInfo',
    'parseMagnet',
    'parseTorrent',
    'safeName',
  ])
})
