"""One accent, one neutral scale, system fonts, 8 px corners, borders before shadows; light and dark."""

from __future__ import annotations

from gradio.themes import Base
from gradio.themes.utils.colors import Color
from gradio.themes.utils.sizes import Size

_ACCENT = Color(
    "#eef3ff", "#dbe5fe", "#bfd0fd", "#93b0fa", "#6a8ff5", "#4470ec", "#2f58d8", "#2647b0", "#233e8b", "#1f346d", "#141f43", name="signal"
)
_NEUTRAL = Color(
    "#f8f9fa", "#f1f3f4", "#e3e6e9", "#cfd4d9", "#9aa3ac", "#6b7580", "#4d5660", "#39414a", "#242a31", "#191e24", "#101418", name="slate"
)
_CORNERS = Size("3px", "4px", "6px", "8px", "8px", "12px", "16px", name="corners_8")
_SPACES = Size("2px", "4px", "6px", "8px", "12px", "16px", "24px", name="spaces_4")
_TEXT = Size("11px", "12px", "13px", "14px", "16px", "20px", "24px", name="text_14")
_FONT = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Ubuntu", "Cantarell", "Noto Sans", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "DejaVu Sans Mono", "monospace"]


def theme() -> Base:
    """The page's theme; where its variables end, `ui/assets/*.css` goes on with the same ones."""
    made = Base(
        primary_hue=_ACCENT,
        secondary_hue=_ACCENT,
        neutral_hue=_NEUTRAL,
        spacing_size=_SPACES,
        radius_size=_CORNERS,
        text_size=_TEXT,
        font=_FONT,
        font_mono=_MONO,
    )
    return made.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color="*neutral_900",
        body_text_color_dark="#e8ebee",
        body_text_color_subdued="#5b6570",
        body_text_color_subdued_dark="#9aa5b1",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="*neutral_900",
        background_fill_secondary="*neutral_100",
        background_fill_secondary_dark="*neutral_800",
        border_color_primary="*neutral_200",
        border_color_primary_dark="#2d353d",
        border_color_accent="*primary_300",
        border_color_accent_dark="*primary_700",
        color_accent="*primary_600",
        color_accent_soft="*primary_50",
        color_accent_soft_dark="*primary_950",
        link_text_color="*primary_600",
        link_text_color_dark="*primary_300",
        link_text_color_hover="*primary_700",
        link_text_color_hover_dark="*primary_200",
        block_background_fill="*background_fill_primary",
        block_background_fill_dark="*background_fill_primary",
        block_border_color="*border_color_primary",
        block_shadow="none",
        block_shadow_dark="none",
        block_label_text_weight="500",
        block_title_text_weight="500",
        block_label_background_fill="transparent",
        block_label_background_fill_dark="transparent",
        block_label_border_width="0px",
        block_title_text_size="*text_sm",
        block_title_text_color="*body_text_color_subdued",
        block_title_text_color_dark="*body_text_color_subdued",
        input_background_fill="#ffffff",
        input_background_fill_dark="#12171c",
        input_border_color="*neutral_300",
        input_border_color_dark="#39424c",
        input_border_color_focus="*primary_500",
        input_border_color_focus_dark="*primary_400",
        input_border_width="1px",
        input_shadow="none",
        input_shadow_dark="none",
        input_shadow_focus="0 0 0 3px rgb(68 112 236 / .18)",
        input_shadow_focus_dark="0 0 0 3px rgb(106 143 245 / .28)",
        input_placeholder_color="#78828d",
        input_placeholder_color_dark="#7c8792",
        button_border_width="1px",
        button_transition="background-color .12s, border-color .12s, color .12s",
        button_medium_padding="7px 14px",
        button_medium_radius="*radius_md",
        button_medium_text_size="*text_md",
        button_medium_text_weight="500",
        button_small_padding="4px 10px",
        button_small_radius="*radius_sm",
        button_small_text_size="*text_sm",
        button_small_text_weight="500",
        button_large_text_weight="500",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_border_color="*primary_600",
        button_primary_border_color_dark="*primary_600",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        button_primary_shadow="none",
        button_primary_shadow_hover="none",
        button_secondary_background_fill="#ffffff",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_background_fill_dark="*neutral_900",
        button_secondary_background_fill_hover_dark="*neutral_800",
        button_secondary_border_color="*neutral_300",
        button_secondary_border_color_dark="#39424c",
        button_secondary_text_color="*body_text_color",
        button_secondary_text_color_dark="*body_text_color",
        button_secondary_shadow="none",
        button_secondary_shadow_hover="none",
    )
