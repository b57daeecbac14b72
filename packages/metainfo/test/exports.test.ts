import { expect, test } from '@jest/globals'
import * as metainfo from '../src/index.ts'

test('exports exactly these names', () => {
  expect(Object.keys(metainfo).sort()).toEqual([
    'BlockVerifier',
    'FileTrees',
    'HASH_LENGTH',
    'MAGNET_LIMITS',
    'METAINFO_LIMITS',
    'MOST_HASHES',
    'MerkleHasher',
    'MerkleTree',
    'SafePaths',
    'areRelated',
    'arrangeFiles',
    'buildTorrent',
    'choosePieceLength',
    'climbProof',
    'createVerifier',
    'digestPlan',
    'editTorrent',
    'expectedDigest',
    'formatMagnet',
    'layerRanges',
    'merkleLeafCounts',
    'merkleRoot',
    'paddingHash',
    'parseInfo',
    'parseMagnet',
    'parseTorrent',
    'proofHashes',
    'proveRange',
    'safeName',
    'sharedFiles',
    'verifyHashes',
    'withPieceLayers',
  ])
})
