"""Server addresses as users type them are normalized or refused."""

from hypothesis import given, strategies as st
import pytest

from hsi_core.inference.url import normalize_url


@pytest.mark.parametrize(
    ("typed", "used"),
    [
        ("gpu-box:8090", "http://gpu-box:8090"),
        ("gpu-box", "http://gpu-box"),
        (" http://gpu-box:8090/ ", "http://gpu-box:8090"),
        ("https://gpu.example.org/v1/health?x=1#y", "https://gpu.example.org"),
        ("HTTP://GPU-Box:80", "http://gpu-box:80"),
        ("192.0.2.7:8090", "http://192.0.2.7:8090"),
        ("[2001:db8::1]:8090", "http://[2001:db8::1]:8090"),
        ("2001:db8::1", "http://[2001:db8::1]"),
        ("http://[::1]", "http://[::1]"),
        ("my_box.local:1", "http://my_box.local:1"),
        ("http://müller.example", "http://xn--mller-kva.example"),
    ],
)
def test_an_address_is_normalized(typed: str, used: str) -> None:
    assert normalize_url(typed) == used


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "http://",
        "http:/gpu-box",
        "ftp://gpu-box",
        "file:///etc/passwd",
        "http://user:secret@gpu-box",
        "token@gpu-box:8090",
        "gpu box",
        "gpu-box:port",
        "gpu-box:99999",
        "gpu-box:0",
        "http://[::1",
        "http://gpu\nbox",
    ],
)
def test_an_invalid_address_is_refused_with_a_message(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        normalize_url(typed)
    assert "secret" not in str(caught.value)


@given(st.text(max_size=40))
def test_normalizing_is_idempotent(typed: str) -> None:
    try:
        used = normalize_url(typed)
    except ValueError:
        return
    assert normalize_url(used) == used
    assert used.startswith(("http://", "https://"))
