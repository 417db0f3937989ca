"""What libtorrent-rasterbar makes of many trees, and what it reads in other people's torrents.

    libtorrent_formats.py JOB

JOB is a JSON file: {"trees": [{"path", "pieceLength", "private", "trackers", "made": {KIND: FILE},
"read": {KIND: FILE}}]}. For each tree a torrent of every kind in `made` is written to its file, and every file in
`read` is read. Prints {"trees": [{"made": {KIND: {"v1", "v2"}}, "read": {KIND: {facts}}}]}.
"""
import json
import os
import sys

import libtorrent as lt

FLAGS = {
    "v1": lt.create_torrent.v1_only,
    "v2": lt.create_torrent.v2_only,
    "hybrid": lt.create_torrent.canonical_files_no_tail_padding,
    "hybridTailPadded": lt.create_torrent.canonical_files,
}


def paths_below(folder):
    """Files with their bytes in the order of a v2 file tree: by the bytes of each element."""
    found = []
    for directory, _, names in os.walk(os.fsencode(folder)):
        for name in names:
            found.append(os.path.relpath(os.path.join(directory, name), os.fsencode(folder)).split(b"/"))
    return [os.fsdecode(b"/".join(elements)) for elements in sorted(found)]


def storage_of(path):
    storage = lt.file_storage()
    name = os.path.basename(path)
    for relative in paths_below(path) if os.path.isdir(path) else [None]:
        file = path if relative is None else os.path.join(path, relative)
        status = os.stat(file)
        flags = lt.file_storage.flag_executable if status.st_mode & 0o100 else 0
        storage.add_file(name if relative is None else f"{name}/{relative}", status.st_size, int(flags))
    return storage


def make(tree, kind, target):
    # The maker refers to it and does not keep it alive.
    storage = storage_of(tree["path"])
    maker = lt.create_torrent(storage, tree["pieceLength"], FLAGS[kind])
    maker.set_priv(tree["private"])
    for tier, urls in enumerate(tree["trackers"]):
        for url in urls:
            maker.add_tracker(url, tier)
    lt.set_piece_hashes(maker, os.path.dirname(tree["path"]))
    with open(target, "wb") as file:
        file.write(lt.bencode(maker.generate()))
    return hashes(lt.torrent_info(target))


def hashes(info):
    both = info.info_hashes()
    return {
        "v1": str(both.v1) if both.has_v1() else None,
        "v2": str(both.v2) if both.has_v2() else None,
    }


def facts(source):
    info = lt.torrent_info(source)
    files = info.files()
    numbers = range(files.num_files())
    tiers = {}
    for tracker in info.trackers():
        tiers.setdefault(tracker.tier, []).append(tracker.url)
    return {
        **hashes(info),
        "name": info.name(),
        "pieceLength": info.piece_length(),
        "pieceCount": info.num_pieces(),
        "totalLength": info.total_size(),
        "private": info.priv(),
        # BEP 12: it shuffles each tier when it reads.
        "trackers": [sorted(tiers[tier]) for tier in sorted(tiers)],
        "files": [
            {
                "path": files.file_path(i),
                "length": files.file_size(i),
                "offset": files.file_offset(i),
                "pad": bool(files.file_flags(i) & lt.file_storage.flag_pad_file),
                "executable": bool(files.file_flags(i) & lt.file_storage.flag_executable),
            }
            for i in numbers
        ],
    }


def main(job):
    with open(job, encoding="utf-8") as file:
        trees = json.load(file)["trees"]
    results = [
        {
            "made": {kind: make(tree, kind, target) for kind, target in tree["made"].items()},
            "read": {kind: facts(source) for kind, source in tree["read"].items()},
        }
        for tree in trees
    ]
    json.dump({"trees": results}, sys.stdout)


main(sys.argv[1])
