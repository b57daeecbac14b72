import * as primitives from '@torrential/primitives'
import * as system from '@torrential/primitives/system'
import { expect, test } from '@jest/globals'

test('the package exports exactly these names', () => {
  expect(Object.keys(primitives).sort()).toEqual([
    'BLOCK_LENGTH',
    'Bitfield',
    'EventHub',
    'GEOMETRY_LIMITS',
    'Geometry',
    'InputError',
    'LazyMap',
    'LazySet',
    'PeerError',
    'Scope',
    'SeededRandom',
    'SlabPool',
    'SourceError',
    'StorageError',
    'TorrentialError',
    'VirtualClock',
    'assert',
    'compareAddresses',
    'compareBytes',
    'concatBytes',
    'createPeerId',
    'decodeCompact',
    'drive',
    'encodeCompact',
    'equalBytes',
    'formatAddress',
    'fromHex',
    'fromLatin1',
    'fromUtf8',
    'giveBack',
    'infoHashFrom',
    'infoHashV2From',
    'isTorrentialError',
    'keep',
    'parseAddress',
    'parseUrl',
    'peerAddress',
    'peerIdFrom',
    'readUint32',
    'slabOf',
    'throwIfAborted',
    'toHex',
    'toLatin1',
    'toUtf8',
    'truncateInfoHash',
    'withAbort',
    'writeUint32',
  ])
})

test('the entry for the real clock and dice exports exactly these names', () => {
  expect(Object.keys(system).sort()).toEqual(['systemClock', 'systemRandom'])
})
