# SPDX-License-Identifier: MIT
# Calls within drivers/block (order.txt), within drivers/net (net.txt) and within lib/fs (fs.txt) go one
# way, according to the kernel's objects.
#
#   make rooms

ROOMS := tests/rooms/check-rooms tests/rooms/order.txt drivers/block $(B)/obj/drivers/block

ROOMS_NET := tests/rooms/check-rooms tests/rooms/net.txt drivers/net $(B)/obj/drivers/net

ROOMS_FS := tests/rooms/check-rooms tests/rooms/fs.txt lib/fs $(B)/obj/lib/fs

# the check is checked, too: with the list reversed it must fail
rooms: $(filter $(B)/obj/drivers/block/% $(B)/obj/drivers/net/%,$(LIB_OBJS)) $(FS_OBJS) | $(call stamp,lab)
	$(Q)tests/run-tests $(BUILD)/rooms 'sum:rooms=$(ROOMS)' 'sum:rooms-net=$(ROOMS_NET)' 'sum:rooms-fs=$(ROOMS_FS)' \
		'rooms-sees-calls-up=grep -v "^#" tests/rooms/order.txt | tac >$(BUILD)/rooms/upside-down && ! $(subst tests/rooms/order.txt,$(BUILD)/rooms/upside-down,$(ROOMS))'
.PHONY: rooms

HOST_TESTS += 'sum:rooms=$(submake) rooms'
