# SPDX-License-Identifier: MIT
# Calls within drivers/block (order.txt), drivers/net (net.txt), lib/fs (fs.txt) and lib/fs/ext4 (ext4.txt) go
# one way, according to the guests' objects.
#
#   make rooms

ROOMS := tests/rooms/check-rooms tests/rooms/order.txt drivers/block $(B)/obj/drivers/block

ROOMS_NET := tests/rooms/check-rooms tests/rooms/net.txt drivers/net $(B)/obj/drivers/net

ROOMS_FS := tests/rooms/check-rooms tests/rooms/fs.txt lib/fs $(B)/obj/lib/fs

ROOMS_EXT4 := tests/rooms/check-rooms tests/rooms/ext4.txt lib/fs/ext4 $(B)/ext4/lib/fs/ext4

# the check is checked, too: with the list reversed it must fail
rooms: $(filter $(B)/obj/drivers/block/% $(B)/obj/drivers/net/%,$(LIB_OBJS)) $(FS_OBJS) $(EXT4_OBJS) | $(call stamp,lab)
	$(Q)tests/run-tests $(BUILD)/rooms 'sum:rooms=$(ROOMS)' 'sum:rooms-net=$(ROOMS_NET)' 'sum:rooms-fs=$(ROOMS_FS)' \
		'sum:rooms-ext4=$(ROOMS_EXT4)' \
		'rooms-sees-calls-up=grep -v "^#" tests/rooms/order.txt | tac >$(BUILD)/rooms/upside-down && ! $(subst tests/rooms/order.txt,$(BUILD)/rooms/upside-down,$(ROOMS))'
.PHONY: rooms

HOST_TESTS += 'sum:rooms=$(submake) rooms'
