//! Files for the browser: named by their content, compressed once, listed in a manifest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use data_encoding::BASE64;
use serde::Serialize;
use sha2::{Digest, Sha384};

/// One line of the manifest. The server reads it in `server/src/pages.rs`.
#[derive(Clone, Serialize)]
pub struct Asset {
    /// Name in the folder `assets`: the logical name with 16 hexadecimal digits of the content's BLAKE3.
    pub file: String,
    /// Subresource integrity, `sha384-` and base64.
    pub integrity: String,
    /// Size of the file.
    pub bytes: usize,
    /// Size of its brotli copy, which lies beside it with `.br` at the end.
    pub brotli_bytes: usize,
    /// For a part of the pages' program: the lazy functions that need it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub part_of: Vec<String>,
}

impl Asset {
    /// Absolute path on the server.
    pub fn url(&self) -> String {
        format!("/assets/{}", self.file)
    }
}

/// A folder of assets that is being written.
pub struct AssetWriter {
    site: PathBuf,
    brotli_quality: u32,
    manifest: BTreeMap<String, Asset>,
}

impl AssetWriter {
    /// Starts an empty folder at `site`.
    pub fn create(site: &Path, brotli_quality: u32) -> Result<Self> {
        if site.exists() {
            fs::remove_dir_all(site).with_context(|| format!("cannot empty {}", site.display()))?;
        }
        let folder = site.join("assets");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Ok(Self { site: site.to_path_buf(), brotli_quality, manifest: BTreeMap::new() })
    }

    /// Adds a file under its logical name (`iota.css`).
    pub fn add(&mut self, name: &str, content: &[u8]) -> Result<Asset> {
        self.add_part(name, content, Vec::new())
    }

    /// Adds a part of a program, which the lazy functions `part_of` need.
    pub fn add_part(&mut self, name: &str, content: &[u8], part_of: Vec<String>) -> Result<Asset> {
        let file = hashed_name(name, content);
        let compressed = compress(content, self.brotli_quality)?;
        let path = self.site.join("assets").join(&file);
        write(&path, content)?;
        write(&self.site.join("assets").join(format!("{file}.br")), &compressed)?;
        let (bytes, brotli_bytes) = (content.len(), compressed.len());
        let asset = Asset { file, integrity: integrity(content), bytes, brotli_bytes, part_of };
        self.manifest.insert(name.to_owned(), asset.clone());
        Ok(asset)
    }

    /// Writes `manifest.json` and returns what it says.
    pub fn finish(self) -> Result<BTreeMap<String, Asset>> {
        let mut text = serde_json::to_string_pretty(&self.manifest)?;
        text.push('\n');
        write(&self.site.join("manifest.json"), text.as_bytes())?;
        Ok(self.manifest)
    }
}

fn hashed_name(name: &str, content: &[u8]) -> String {
    let hash = blake3::hash(content).to_hex();
    let (stem, extension) = name.split_once('.').unwrap_or((name, ""));
    format!("{stem}-{}.{extension}", &hash[..16])
}

fn integrity(content: &[u8]) -> String {
    format!("sha384-{}", BASE64.encode(&Sha384::digest(content)))
}

fn compress(content: &[u8], quality: u32) -> Result<Vec<u8>> {
    let mut compressed = Vec::new();
    let parameters =
        brotli::enc::BrotliEncoderParams { quality: quality as i32, size_hint: content.len(), ..Default::default() };
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &parameters)?;
    Ok(compressed)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_content() {
        let (one, other) = (hashed_name("iota.css", b"a"), hashed_name("iota.css", b"b"));
        assert_ne!(one, other);
        assert!(one.starts_with("iota-") && one.ends_with(".css") && one.len() == "iota-.css".len() + 16);
    }

    #[test]
    fn integrity_is_that_of_the_standard() {
        // W3C SRI, section 1.2.
        let expected = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO";
        assert_eq!(integrity(b"alert('Hello, world.');"), expected);
    }

    #[test]
    fn a_folder_is_complete_and_new() {
        let site = tempfile::tempdir().unwrap();
        fs::write(site.path().join("old"), "left over").unwrap();
        let mut writer = AssetWriter::create(site.path(), 5).unwrap();
        let asset = writer.add("iota.css", &b"body{}".repeat(100)).unwrap();
        assert_eq!(writer.finish().unwrap().len(), 1);
        assert!(!site.path().join("old").exists());
        assert_eq!(fs::read(site.path().join("assets").join(&asset.file)).unwrap().len(), asset.bytes);
        let copy = fs::read(site.path().join("assets").join(format!("{}.br", asset.file))).unwrap();
        let mut plain = Vec::new();
        brotli::BrotliDecompress(&mut &copy[..], &mut plain).unwrap();
        assert_eq!(plain.len(), asset.bytes);
        let manifest: serde_json::Value =
            serde_json::from_slice(&fs::read(site.path().join("manifest.json")).unwrap()).unwrap();
        assert_eq!(manifest["iota.css"]["file"], asset.file);
    }
}
