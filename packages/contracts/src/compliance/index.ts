// Suites that every implementation of a contract passes, for any test runner
export type { ComplianceCase } from './compliance-case.ts'
export type { TransportFixture } from './transport-fixture.ts'
export { transportCompliance } from './transport.ts'
export type { MakeStorage, StorageComplianceOptions } from './storage.ts'
export { storageCompliance } from './storage.ts'
export type { MakePeerSource, PeerSourceFixture, PeerSourceTorrent } from './peer-source.ts'
export { peerSourceCompliance } from './peer-source.ts'
