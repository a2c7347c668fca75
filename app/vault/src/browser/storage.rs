//! IndexedDB: the witness in a database of its own, which nothing here ever clears, and sealed pages in two halves, of which
//! the older is emptied when the younger is full.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::join_all;
use idb::{Database, DatabaseEvent, Factory, ObjectStoreParams, TransactionMode};
use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;

use crate::platform::Store;
use crate::problem::{Result, failed};

const WITNESS: &str = "iota-witness";
const ACCOUNTS: &str = "accounts";
const PAGES: &str = "iota-pages";
/// The halves of the pages.
const HALVES: [&str; 2] = ["even", "odd"];
/// A half is full with this many bytes.
const HALF_BYTES: usize = 32 << 20;

/// What this browser keeps. Databases are opened when they are first needed; one that cannot be opened keeps nothing.
#[derive(Default)]
pub struct Storage {
    witness: RefCell<Option<Rc<Database>>>,
    pages: RefCell<Option<Rc<Database>>>,
    /// The younger half, and how much this visit put into it. What earlier visits left counts as nothing: the bound is a rough
    /// one, and browsers have their own.
    young: Cell<usize>,
    bytes: Cell<usize>,
    visit: RefCell<HashMap<String, Vec<u8>>>,
}

impl Storage {
    /// Reads values; `None` where there are none.
    pub async fn load(&self, store: Store, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>> {
        let read = match store {
            Store::Visit => Ok(keys.iter().map(|key| self.visit.borrow().get(key).cloned()).collect()),
            Store::Witness => match read(self.witness().await, ACCOUNTS, keys).await {
                Ok(values) => Ok(values),
                Err(_) => {
                    // Browsers close databases by themselves; one that was opened anew is tried once.
                    self.witness.take();
                    read(self.witness().await, ACCOUNTS, keys).await
                }
            },
            Store::Pages => {
                let young = read(self.pages().await, HALVES[self.young.get()], keys).await;
                let old = read(self.pages().await, HALVES[1 - self.young.get()], keys).await;
                match (young, old) {
                    (Ok(young), Ok(old)) => Ok(young.into_iter().zip(old).map(|(young, old)| young.or(old)).collect()),
                    (young, _) => young,
                }
            }
        };
        read.map_err(|error| {
            failed(format!(
                "what this browser noted of earlier visits cannot be read ({error}), so it could not notice an older state; \
                 reload the page, and allow this address to keep data if that does not help"
            ))
        })
    }

    /// Keeps values.
    pub async fn save(&self, store: Store, values: &[(String, &[u8])]) -> Result<()> {
        let written = match store {
            Store::Visit => {
                self.visit.borrow_mut().extend(values.iter().map(|(key, value)| (key.clone(), value.to_vec())));
                Ok(())
            }
            Store::Witness => write(self.witness().await, ACCOUNTS, values).await,
            Store::Pages => self.save_pages(values).await,
        };
        written.map_err(|error| {
            failed(format!("this browser keeps nothing between visits ({error}); in a private window that is usual"))
        })
    }

    async fn save_pages(&self, values: &[(String, &[u8])]) -> std::result::Result<(), idb::Error> {
        let database = self.pages().await?;
        let bytes = values.iter().map(|(_, value)| value.len()).sum::<usize>();
        if self.bytes.get() + bytes > HALF_BYTES {
            let old = 1 - self.young.get();
            to_its_end(clear(Rc::clone(&database), HALVES[old])).await?;
            self.young.set(old);
            self.bytes.set(0);
        }
        self.bytes.set(self.bytes.get() + bytes);
        write(Ok(database), HALVES[self.young.get()], values).await
    }

    async fn witness(&self) -> std::result::Result<Rc<Database>, idb::Error> {
        opened(&self.witness, WITNESS, &[ACCOUNTS]).await
    }

    async fn pages(&self) -> std::result::Result<Rc<Database>, idb::Error> {
        opened(&self.pages, PAGES, &HALVES).await
    }
}

async fn opened(
    kept: &RefCell<Option<Rc<Database>>>,
    name: &str,
    stores: &'static [&'static str],
) -> std::result::Result<Rc<Database>, idb::Error> {
    if let Some(database) = kept.borrow().clone() {
        return Ok(database);
    }
    let mut request = Factory::new()?.open(name, Some(1))?;
    request.on_upgrade_needed(move |event| {
        if let Ok(database) = event.database() {
            for store in stores {
                // A store that cannot be made shows when it is used.
                let _ = database.create_object_store(store, ObjectStoreParams::new());
            }
        }
    });
    let database = Rc::new(request.await?);
    kept.replace(Some(Rc::clone(&database)));
    Ok(database)
}

/// Work with a database goes on when nobody waits for it any more, as after a download that was cancelled: a request whose future is
/// dropped would call into what is gone, and an error that nobody catches ends the Worker.
async fn to_its_end<T: 'static>(
    work: impl Future<Output = std::result::Result<T, idb::Error>> + 'static,
) -> std::result::Result<T, idb::Error> {
    let (done, answer) = oneshot::channel();
    spawn_local(async move {
        // Who asked may have gone.
        let _ = done.send(work.await);
    });
    answer.await.unwrap_or(Err(idb::Error::OneshotChannelReceiveError))
}

async fn read(
    database: std::result::Result<Rc<Database>, idb::Error>,
    store: &'static str,
    keys: &[String],
) -> std::result::Result<Vec<Option<Vec<u8>>>, idb::Error> {
    to_its_end(read_all(database?, store, keys.to_vec())).await
}

async fn read_all(
    database: Rc<Database>,
    store: &'static str,
    keys: Vec<String>,
) -> std::result::Result<Vec<Option<Vec<u8>>>, idb::Error> {
    let transaction = database.transaction(&[store], TransactionMode::ReadOnly)?;
    let store = transaction.object_store(store)?;
    let asked = keys.iter().map(|key| store.get(JsValue::from_str(key))).collect::<std::result::Result<Vec<_>, _>>()?;
    let values = join_all(asked.into_iter().map(IntoFuture::into_future)).await;
    let bytes = |value: Option<JsValue>| value.and_then(|value| value.dyn_into::<Uint8Array>().ok());
    values.into_iter().map(|value| Ok(bytes(value?).map(|bytes| bytes.to_vec()))).collect()
}

async fn write(
    database: std::result::Result<Rc<Database>, idb::Error>,
    store: &'static str,
    values: &[(String, &[u8])],
) -> std::result::Result<(), idb::Error> {
    let values = values.iter().map(|(key, value)| (JsValue::from_str(key), Uint8Array::from(*value))).collect();
    to_its_end(write_all(database?, store, values)).await
}

async fn write_all(
    database: Rc<Database>,
    store: &'static str,
    values: Vec<(JsValue, Uint8Array)>,
) -> std::result::Result<(), idb::Error> {
    let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
    let objects = transaction.object_store(store)?;
    let put =
        values.iter().map(|(key, value)| objects.put(value, Some(key))).collect::<std::result::Result<Vec<_>, _>>()?;
    for written in join_all(put.into_iter().map(IntoFuture::into_future)).await {
        written?;
    }
    transaction.commit()?.await.map(drop)
}

async fn clear(database: Rc<Database>, store: &'static str) -> std::result::Result<(), idb::Error> {
    let transaction = database.transaction(&[store], TransactionMode::ReadWrite)?;
    transaction.object_store(store)?.clear()?.await?;
    transaction.commit()?.await.map(drop)
}
