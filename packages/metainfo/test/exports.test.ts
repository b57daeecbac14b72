import { expect, test } from '@jest/globals'
import * as metainfo from '../src/index.ts'

test('exports exactly these names', () => {
  expect(Object.keys(metainfo).sort()).toEqual([
    'BlockVerifier',
    'HASH_LENGTH',
    'MAGNET_LIMITS',
    'METAINFO_LIMITS',
    'MerkleHasher',
    'MerkleTree',
    'SafePaths',
    'arrangeFiles',
    'buildTorrent',
    'choosePieceLength',
    'climbProof',
    'createVerifier',
    'digestPlan',
    'editTorrent',
    'expectedDigest',
    'formatMagnet',
    'merkleLeafCounts',
    'merkleRoot',
    'paddingHash',
    'parseInfo',
    'parseMagnet',
    'parseTorrent',
    'proofHashes',
    'safeName',
    'verifyHashes',
  ])
})
