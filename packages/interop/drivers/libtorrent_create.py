"""What libtorrent makes of a file or folder, as its own create_torrent and set_piece_hashes do it.

  libtorrent_create.py create PATH PIECE_LENGTH v1|v2|hybrid    the info dictionary, bencoded, on stdout
  libtorrent_create.py walk PATH                                the paths in the order of libtorrent's own walk, as JSON
  libtorrent_create.py read TORRENT                             what libtorrent reads in a .torrent, as JSON on stdout

v2 and hybrid: the folder is walked by libtorrent. v1: libtorrent takes files in whatever order the file system lists them, so here
they are given to it one by one, in the order of the bytes of their paths.
"""

import json
import os
import stat
import sys
import warnings

import libtorrent as lt

warnings.simplefilter("ignore", DeprecationWarning)
FLAGS = {"v1": lt.create_torrent.v1_only, "v2": lt.create_torrent.v2_only, "hybrid": 0}
EXECUTABLE, SYMLINK = 4, 8


def walked(path, flags):
    files = lt.file_storage()
    lt.add_files(files, path, flags=flags)
    return files


def listed(path):
    files = lt.file_storage()
    top = os.path.dirname(path)
    found = [path]
    if os.path.isdir(path):
        found = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
        found += [os.path.join(f, n) for f, names, _ in os.walk(path) for n in names if os.path.islink(os.path.join(f, n))]
    for name in sorted(found, key=os.fsencode):
        info = os.lstat(name)
        link = os.readlink(name) if stat.S_ISLNK(info.st_mode) else ""
        attributes = EXECUTABLE if info.st_mode & stat.S_IXUSR else 0
        files.add_file(
            os.path.relpath(name, top), 0 if link else info.st_size, attributes | (SYMLINK if link else 0), 0, link
        )
    return files


def create(path, piece_length, version):
    flags = FLAGS[version] | lt.create_torrent.symlinks
    files = listed(path) if version == "v1" else walked(path, flags)
    torrent = lt.create_torrent(files, int(piece_length), flags)
    lt.set_piece_hashes(torrent, os.path.dirname(path))
    sys.stdout.buffer.write(lt.bencode(torrent.generate()[b"info"]))


def walk(path):
    files = walked(path, lt.create_torrent.v1_only)
    json.dump([files.file_path(i).replace(os.sep, "/") for i in range(files.num_files())], sys.stdout)


def read(path):
    info = lt.torrent_info(path)
    files = info.files()
    hashes = info.info_hashes()
    json.dump(
        {
            "infoHashV1": str(hashes.v1) if hashes.has_v1() else None,
            "infoHashV2": str(hashes.v2) if hashes.has_v2() else None,
            "pieceCount": info.num_pieces(),
            "files": [
                [files.file_path(i).replace(os.sep, "/"), files.file_size(i)]
                + ([files.symlink(i).replace(os.sep, "/")] if files.file_flags(i) & SYMLINK else [])
                for i in range(files.num_files())
                if not files.file_flags(i) & lt.file_storage.flag_pad_file
            ],
        },
        sys.stdout,
    )


{"create": create, "walk": walk, "read": read}[sys.argv[1]](*sys.argv[2:])
