import pytest
from pydantic import BaseModel, ValidationError

from archsim.config import NamedFile, build, load_document


class _Holder(BaseModel):
    file: NamedFile


def test_a_file_beside_the_configuration_comes_before_one_beside_its_base(tmp_path):
    for folder in ("own", "base"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "shared.csv").touch()
    (tmp_path / "base" / "inherited.csv").touch()
    (tmp_path / "base" / "base.yaml").write_text("file: inherited.csv\n")
    own = tmp_path / "own" / "own.yaml"
    own.write_text("extends: ../base/base.yaml\n")
    assert build(_Holder, load_document(own)).file == f"{tmp_path}/own/../base/inherited.csv"
    named = build(_Holder, load_document(own, ["file=shared.csv"])).file
    assert named == f"{tmp_path}/own/shared.csv"


def test_other_names_stay_relative_to_the_working_directory(tmp_path):
    (tmp_path / "a.yaml").write_text("file: elsewhere.csv\n")
    assert build(_Holder, load_document(tmp_path / "a.yaml")).file == "elsewhere.csv"
    assert _Holder(file="elsewhere.csv").file == "elsewhere.csv"
    with pytest.raises(ValidationError):
        _Holder(file="")
