//! The guesses of one login, charged inside its transaction: those that it gives back leave no trace in the store.

use super::{Sql, rows};
use crate::account::Settlement;
use crate::budget::{Bucket, Charge, Charged, Owner};
use crate::store::{Ledger, StoreError};

pub(super) struct Tab<'a> {
    sql: &'a dyn Sql,
    /// What was charged.
    taken: Vec<Charge>,
    /// What is in the buckets by now.
    buckets: Vec<(Owner, Bucket)>,
}

impl<'a> Tab<'a> {
    pub(super) fn new(sql: &'a dyn Sql) -> Tab<'a> {
        Tab {
            sql,
            taken: Vec::new(),
            buckets: Vec::new(),
        }
    }

    fn bucket(&self, owner: &Owner) -> Result<Bucket, StoreError> {
        match self.buckets.iter().find(|(known, _)| known == owner) {
            Some((_, bucket)) => Ok(bucket.clone()),
            None => rows::bucket(self.sql, owner),
        }
    }

    fn buckets(&self, charge: &Charge) -> Result<Vec<Bucket>, StoreError> {
        let owners = charge.from.iter().map(|(owner, _)| owner);
        owners.map(|owner| self.bucket(owner)).collect()
    }

    fn keep(&mut self, charge: &Charge, buckets: Vec<Bucket>) {
        for ((owner, _), bucket) in charge.from.iter().zip(buckets) {
            self.buckets.retain(|(known, _)| known != owner);
            self.buckets.push((owner.clone(), bucket));
        }
    }

    /// Writes what was charged and is not given back by this settlement, which gives back no more of it.
    pub(super) fn close(mut self, settlement: &mut Settlement) -> Result<(), StoreError> {
        let refund = std::mem::take(&mut settlement.refund);
        let (own, others) = refund
            .into_iter()
            .partition::<Vec<_>, _>(|charge| self.taken.contains(charge));
        settlement.refund = others;
        for charge in &own {
            let mut buckets = self.buckets(charge)?;
            charge.refund(&mut buckets);
            self.keep(charge, buckets);
        }
        for charge in self.taken.iter().filter(|charge| !own.contains(charge)) {
            rows::put_buckets(self.sql, charge, &self.buckets(charge)?)?;
        }
        Ok(())
    }
}

impl Ledger for Tab<'_> {
    fn charge(&mut self, charge: &Charge) -> Result<Charged, StoreError> {
        rows::hold(self.sql, charge)?;
        let mut buckets = self.buckets(charge)?;
        let charged = charge.take(&mut buckets);
        if charged == Charged::Taken {
            self.keep(charge, buckets);
            self.taken.push(charge.clone());
        }
        Ok(charged)
    }
}
