// Every input that strangers write.

import type { Surface } from '../surface.ts'
import { bencode } from './bencode.ts'
import { commandLine } from './command-line.ts'
import { engine } from './engine.ts'
import { extensions } from './extensions.ts'
import { fileTree } from './file-tree.ts'
import { handshake } from './handshake.ts'
import { httpReply, httpRequest } from './http-tracker.ts'
import { magnet } from './magnet.ts'
import { messages } from './messages.ts'
import { metadataFetch } from './metadata-fetch.ts'
import { blocks, entry, places } from './sealed-files.ts'
import { journal, lock, record } from './state-files.ts'
import { torrent } from './torrent.ts'
import { udpReply, udpRequest } from './udp-tracker.ts'

export const SURFACES: readonly Surface[] = [
  bencode,
  torrent,
  fileTree,
  magnet,
  handshake,
  messages,
  ...extensions,
  engine,
  metadataFetch,
  httpReply,
  httpRequest,
  udpReply,
  udpRequest,
  record,
  journal,
  lock,
  blocks,
  entry,
  places,
  commandLine,
]
