"""The TypeScript SDK as it is published: what is in the package, and the program of its page, run with nothing else."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
from support.house import House

ROOT = Path(__file__).parents[2]
LONG_S = 60.0


@pytest.fixture(scope="module")
def package(web: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package installed in it, as `npm install` would, and its one dependency."""
    web.run(["run", "--silent", "sdk"], quiet=True)
    folder = tmp_path_factory.mktemp("program")
    packed = subprocess.run(
        [*web.npm(), "pack", "./sdk", "--json", "--pack-destination", str(folder)],
        cwd=ROOT / "web",
        env=web.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert json.loads(packed.stdout)
    [tarball] = folder.glob("*.tgz")
    installed = folder / "node_modules/@hubbub/client"
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    installed.parent.mkdir(parents=True)
    (folder / "package").rename(installed)
    dependency = folder / "node_modules/@bufbuild"
    dependency.mkdir()
    (dependency / "protobuf").symlink_to(ROOT / "web/node_modules/@bufbuild/protobuf")
    (folder / "package.json").write_text('{"type": "module"}')
    page = (ROOT / "docs/sdk-typescript.md").read_text("utf-8")
    [program, *_] = re.findall(r"^```ts\n(.*?)^```", page, re.M | re.S)
    (folder / "program.ts").write_text(program, "utf-8")
    return folder


def test_the_package_has_the_script_its_types_and_no_framework(package: Path) -> None:
    installed = package / "node_modules/@hubbub/client"
    names = sorted(path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file())
    wanted = {"package.json", "README.md", "LICENSE", "dist/index.js", "dist/widget.js", "dist/client/index.d.ts"}
    assert wanted <= set(names)
    allowed = re.compile(r"package\.json|README\.md|LICENSE|dist/[\w-]+\.js(\.map)?|dist/(client|protocol)/\w+\.d\.ts")
    assert [name for name in names if not allowed.fullmatch(name)] == []
    scripts = "".join(path.read_text("utf-8") for path in (installed / "dist").glob("*.js"))
    imported = set(re.findall(r'^(?:import|export)\b.*?from\s*"([^"]+)"', scripts, re.M))
    assert all(name.startswith(("@bufbuild/protobuf", "./")) for name in imported), imported
    declared = json.loads((installed / "package.json").read_text("utf-8"))
    assert list(declared["dependencies"]) == ["@bufbuild/protobuf"]
    assert set(declared["exports"]) == {".", "./widget"}
    for entry in declared["exports"].values():
        assert (installed / entry["types"]).is_file()
        assert (installed / entry["default"]).is_file()


def test_the_program_of_the_page_has_the_types_it_says(web: ModuleType, package: Path) -> None:
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler"]
    options += ["--lib", "es2024,dom,dom.iterable", "--skipLibCheck", "--types", "node"]
    options += ["--typeRoots", str(ROOT / "web/node_modules/@types")]
    tsc = ROOT / "web/node_modules/typescript/bin/tsc"
    checked = subprocess.run(
        [*web.node(), str(tsc), *options, "program.ts"],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert checked.returncode == 0, checked.stdout


async def test_the_program_of_the_page_runs(web: ModuleType, package: Path, tmp_path: Path) -> None:
    house = House(tmp_path)
    await house.opens()
    try:
        process = await asyncio.create_subprocess_exec(
            *web.node(),
            "--experimental-strip-types",
            "--disable-warning=ExperimentalWarning",
            "program.ts",
            house.http,
            cwd=package,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), LONG_S)
        finally:
            if process.returncode is None:
                process.kill()
    finally:
        await house.closes()
    assert process.returncode == 0, err.decode()
    assert out.decode().splitlines() == ["heard Soft!", "reactions 1", "refused message_not_found false"]
