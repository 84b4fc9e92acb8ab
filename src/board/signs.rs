//! What a machine says of itself: the device tree of ARM boards, the DMI table of PCs.

use std::fmt;
use std::fs;
use std::path::Path;

/// Where the kernel shows the device tree. The first is hidden from services that may see processes only.
const TREES: [&str; 2] = ["sys/firmware/devicetree/base", "proc/device-tree"];
/// Where it shows the DMI table.
const DMI: &str = "sys/class/dmi/id";

/// What a machine says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signs {
    /// The device tree's name for it: "Raspberry Pi 5 Model B Rev 1.0".
    pub model: Option<String>,
    /// The device tree's names for it and its parts, from the board down to the chip.
    pub compatible: Vec<String>,
    /// The DMI table's maker.
    pub vendor: Option<String>,
    /// The DMI table's product name.
    pub product: Option<String>,
}

impl Signs {
    /// Reads them below `root`, which is `/` but in tests. What is not there is left empty.
    pub fn read(root: &Path) -> Self {
        let tree = |file: &str| {
            let text = TREES.iter().find_map(|folder| fs::read(root.join(folder).join(file)).ok())?;
            Some(String::from_utf8_lossy(&text).into_owned())
        };
        let dmi = |file: &str| fs::read_to_string(root.join(DMI).join(file)).ok();
        Self {
            model: tree("model").as_deref().and_then(worded),
            compatible: tree("compatible")
                .map(|list| list.split('\0').filter_map(worded).collect())
                .unwrap_or_default(),
            vendor: dmi("sys_vendor").as_deref().and_then(worded),
            product: dmi("product_name").as_deref().and_then(worded),
        }
    }
}

impl fmt::Display for Signs {
    /// What the machine calls itself, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.model, &self.vendor, &self.product) {
            (Some(model), ..) => f.write_str(model),
            (None, Some(vendor), Some(product)) => write!(f, "{vendor} {product}"),
            (None, None, Some(name)) | (None, Some(name), None) => f.write_str(name),
            (None, None, None) => f.write_str("a machine without a name"),
        }
    }
}

/// A text without the zero bytes and blanks around it; `None` when nothing is left.
fn worded(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::board::{all, recognise};

    /// The signs of a machine with these files.
    fn signs(files: &[(&str, &str)]) -> Signs {
        let root = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Signs::read(root.path())
    }

    fn board(model: &str, compatible: &str) -> Option<String> {
        let tree = TREES.map(|folder| {
            let signs = signs(&[
                (&format!("{folder}/model"), &format!("{model}\0")),
                (&format!("{folder}/compatible"), compatible),
            ]);
            assert_eq!(signs.to_string(), model);
            recognise(&signs, all().unwrap()).map(|board| board.name)
        });
        assert_eq!(tree[0], tree[1], "the two places differ");
        tree.into_iter().next().flatten()
    }

    #[test]
    fn device_trees_as_the_boards_give_them_are_recognised() {
        for (model, compatible, name) in [
            ("Raspberry Pi 5 Model B Rev 1.0", "raspberrypi,5-model-b\0brcm,bcm2712\0", "raspberry-pi-5"),
            ("Raspberry Pi Compute Module 5 Rev 1.0", "raspberrypi,5-compute-module\0brcm,bcm2712\0", "raspberry-pi-5"),
            ("Raspberry Pi 4 Model B Rev 1.4", "raspberrypi,4-model-b\0brcm,bcm2711\0", "raspberry-pi-4"),
            (
                "NVIDIA Jetson Nano Developer Kit",
                "nvidia,p3449-0000-b00+p3448-0000-b00\0nvidia,jetson-nano\0nvidia,tegra210\0",
                "jetson-nano",
            ),
            (
                "NVIDIA Jetson Orin Nano Engineering Reference Developer Kit Super",
                "nvidia,p3768-0000+p3767-0005-super\0nvidia,p3767-0005\0nvidia,tegra234\0",
                "jetson-orin-nano",
            ),
            (
                "NVIDIA Jetson Orin Nano Developer Kit",
                "nvidia,p3768-0000+p3767-0005\0nvidia,p3767-0005\0nvidia,tegra234\0",
                "jetson-orin-nano",
            ),
            ("Radxa ROCK 5B", "radxa,rock-5b\0rockchip,rk3588\0", "rk3588"),
            ("Xunlong Orange Pi 5", "xunlong,orangepi-5\0rockchip,rk3588s\0", "rk3588"),
            ("linux,dummy-virt", "linux,dummy-virt\0", "qemu-virt"),
        ] {
            assert_eq!(board(model, compatible).as_deref(), Some(name), "{model}");
        }
    }

    #[test]
    fn a_board_that_is_not_known_keeps_the_name_it_gives_itself() {
        assert_eq!(board("Hardkernel ODROID-N2", "hardkernel,odroid-n2\0amlogic,s922x\0"), None);
        // The chip alone is not the board: an Orin NX has the same one.
        assert_eq!(board("NVIDIA Jetson Orin NX", "nvidia,p3768-0000+p3767-0000\0nvidia,tegra234\0"), None);
    }

    #[test]
    fn a_pc_is_known_by_its_dmi_table() {
        let of = |vendor: &str, product: &str| {
            let signs = signs(&[
                ("sys/class/dmi/id/sys_vendor", &format!("{vendor}\n")),
                ("sys/class/dmi/id/product_name", &format!("{product}\n")),
            ]);
            (signs.to_string(), recognise(&signs, all().unwrap()).map(|board| board.name))
        };
        assert_eq!(of("QEMU", "QEMU Virtual Machine").1.as_deref(), Some("qemu-virt"));
        assert_eq!(of("LENOVO", "20XW"), ("LENOVO 20XW".to_owned(), None));
    }

    #[test]
    fn a_machine_that_says_nothing_has_no_board() {
        let signs = signs(&[("sys/firmware/devicetree/base/model", "\0 \n")]);
        assert_eq!(signs, Signs::default());
        assert_eq!(signs.to_string(), "a machine without a name");
    }
}
